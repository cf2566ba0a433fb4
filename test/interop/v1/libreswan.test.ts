import { tellSuites } from './matrix.ts';
import { tellStories } from './stories.ts';

tellSuites('libreswan');
tellStories('libreswan');
