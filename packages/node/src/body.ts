import { invalidResponse } from './answers.js';

/** Larger than any answer of the protocol; bytes, once decompressed. */
const LIMIT = 2 ** 20;

/** The body as text. Throws `invalid_response` past 1 MiB, and takes no more of it. */
export async function readBody(response: Response): Promise<string> {
  const chunks: AsyncIterable<Uint8Array> | [] = response.body ?? [];
  const decoder = new TextDecoder();
  let size = 0;
  let text = '';
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > LIMIT) throw invalidResponse(response.status, 'The server’s answer is too large.');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
