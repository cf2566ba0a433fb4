import { tellFragments, tellNats } from './paths.ts';

tellNats('libreswan');
tellFragments('libreswan');
