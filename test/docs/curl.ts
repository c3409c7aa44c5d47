// curl, as far as the documents use it: `[-s] [-X METHOD] [-H HEADER]… [--json BODY] URL`, in any order. Anything else
// fails, so that no example relies on what is not tested. Writes the body to standard output and appends the status as a
// line to the file that CURL_STATUSES names.
import { appendFileSync } from 'node:fs';

const rest = process.argv.slice(2);
const headers = new Headers();
let [method, body, url]: (string | undefined)[] = [];

while (rest.length > 0) {
  const argument = rest.shift()!;
  if (argument === '-s') continue;
  if (argument === '-X') method = value();
  else if (argument === '-H') headers.append(...headerOf(value()));
  else if (argument === '--json') body = value();
  else if (argument.startsWith('-') || url !== undefined) refuse(`cannot read ${argument}`);
  else url = argument.includes('://') ? argument : `http://${argument}`;
}
if (url === undefined) refuse('has no URL');
if (body !== undefined) {
  headers.set('content-type', 'application/json');
  headers.set('accept', 'application/json');
}

const answer = await fetch(url, {
  method: method ?? (body === undefined ? 'GET' : 'POST'),
  headers,
  ...(body !== undefined && { body }),
});
appendFileSync(process.env.CURL_STATUSES!, `${answer.status}\n`);
process.stdout.write(await answer.text());

function value(): string {
  return rest.shift() ?? refuse('lacks the value of its last option');
}

function headerOf(text: string): [string, string] {
  const [, name, content] = /^([\w-]+): (.+)$/.exec(text) ?? refuse(`cannot read the header ${text}`);
  return [name!, content!];
}

function refuse(why: string): never {
  process.stderr.write(`The curl of the documents’ test ${why}.\n`);
  process.exit(2);
}
