import { tellSuites } from './matrix.ts';

tellSuites('strongswan');
