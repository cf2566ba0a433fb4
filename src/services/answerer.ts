/** One kind of question and who answers it. */
import type { Question, Reply } from '../ike/questions.ts';

export interface Answerer<T extends Question['t']> {
  /** Never rejects, and has a deadline of its own. */
  answer(question: Extract<Question, { t: T }>): Promise<Reply>;
}
