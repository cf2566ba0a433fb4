import { tellSuites } from './matrix.ts';

tellSuites('libreswan');
