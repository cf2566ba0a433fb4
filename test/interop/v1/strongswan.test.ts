import { tellSuites } from './matrix.ts';
import { tellStories } from './stories.ts';

tellSuites('strongswan');
tellStories('strongswan');
