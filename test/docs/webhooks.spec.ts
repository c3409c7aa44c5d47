import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DELIVERY_PROBLEMS } from '../../src/events/delivery-problem.js';
import { AUDIT_EVENT_TYPES } from '../../src/events/audit-event-types.js';
import { payloadOf, type WebhookEvent } from '../../src/events/webhook-payload.js';
import { makeWebhookSecret, signatureHeaders, spellSecret } from '../../src/events/webhook-signature.js';
import { ask } from '../e2e/ask.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { blocksOf, chapterOf, codesIn, tableOf } from './markdown.js';

const PAGE = 'docs/webhooks.md';
const block = (info: string) => blocksOf(PAGE).find((it) => it.info === info)!.text;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyway-webhooks-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('the page lists every type of event and every class of failure, and no other', () => {
  const first = (heading: string, table = 0) =>
    tableOf(
      chapterOf(PAGE, heading)
        .split(/\n\n(?=\|)/)
        .slice(table)
        .join('\n\n'),
    ).map(([cell]) => codesIn(cell!)[0]);
  expect(first('## Events').sort()).toEqual([...AUDIT_EVENT_TYPES].sort());
  expect(first('## What is promised').sort()).toEqual([...DELIVERY_PROBLEMS].sort());
});

describe('the payloads of the page', () => {
  const event: WebhookEvent = {
    eventId: '019f2b3c-0000-7000-8000-000000000001',
    appId: 'shop',
    type: 'passkey.registered',
    createdAt: new Date('2026-11-27T09:00:00Z'),
    userId: '019f2b3c-0000-7000-8000-000000000002',
    externalId: 'user-1',
    issuer: 'https://login.shop.example',
    subject: 'auth0|42',
    deviceId: '019f2b3c-0000-7000-8000-000000000003',
    automatic: false,
    actor: null,
    reason: null,
  };

  it('are what the service sends', () => {
    expect(JSON.parse(block('json registered'))).toEqual(JSON.parse(payloadOf(event)));
    const deleted: WebhookEvent = {
      ...event,
      eventId: '019f2b3c-0000-7000-8000-000000000004',
      type: 'user.deleted',
      deviceId: null,
      actor: 'key:a1B2c3D4e5F6',
    };
    expect(JSON.parse(block('json deleted'))).toEqual(JSON.parse(payloadOf(deleted)));
  });
});

/** How each language runs its function on a file of cases, and prints a list of what it answered. */
const RUNS: Record<string, { program: string; file: string; wrap: (code: string, cases: string) => string }> =
  {
    js: {
      program: process.execPath,
      file: 'check.mjs',
      wrap: (code, cases) =>
        `${code}\nimport { readFileSync } from 'node:fs';
       const cases = JSON.parse(readFileSync(${JSON.stringify(cases)}, 'utf8'));
       console.log(JSON.stringify(cases.map(([s, h, b]) => verify(s, h, b))));`,
    },
    python: {
      program: 'python3',
      file: 'check.py',
      wrap: (code, cases) =>
        `${code}\nimport json\nprint(json.dumps([verify(*each) for each in json.load(open(${JSON.stringify(cases)}))]))\n`,
    },
    php: {
      program: 'php',
      file: 'check.php',
      wrap: (code, cases) =>
        `${code}\necho json_encode(array_map(fn ($c) => verify(...$c), json_decode(file_get_contents(${JSON.stringify(cases)}), true)));`,
    },
    ruby: {
      program: 'ruby',
      file: 'check.rb',
      wrap: (code, cases) =>
        `${code}\nrequire 'json'\nputs JSON.generate(JSON.parse(File.read(${JSON.stringify(cases)})).map { |c| verify(*c) })\n`,
    },
  };

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const body = JSON.stringify({ type: 'passkey.registered', text: 'ä 😀' });
const [secret, other] = [makeWebhookSecret(), makeWebhookSecret()];

/** Good and bad deliveries, and what `verify` has to answer. */
function deliveries(): [args: [string, Record<string, string>, string], isGood: boolean][] {
  const text = spellSecret(secret);
  const headers = signatureHeaders('event-1', body, [secret]);
  const now = Date.now();
  return [
    [[text, headers, body], true],
    [[text, signatureHeaders('event-1', body, [other, secret]), body], true],
    [[text, signatureHeaders('event-1', body, [other]), body], false],
    [[text, headers, `${body} `], false],
    [[text, { ...headers, 'webhook-id': 'event-2' }, body], false],
    [[text, signatureHeaders('event-1', body, [secret], now - 310_000), body], false],
    [[text, signatureHeaders('event-1', body, [secret], now + 310_000), body], false],
    [[text, signatureHeaders('event-1', body, [secret], now - 290_000), body], true],
    [[text, { ...headers, 'webhook-timestamp': 'now' }, body], false],
    [[text, { ...headers, 'webhook-signature': '' }, body], false],
    [
      [text, { ...headers, 'webhook-signature': headers['webhook-signature']!.replace('v1,', 'v2,') }, body],
      false,
    ],
  ];
}

describe('the function that checks a signature', () => {
  it.each(Object.entries(RUNS).filter(([, { program }]) => isInstalled(program)))(
    'accepts what the service signs and refuses all else, in %s',
    (language, { program, file, wrap }) => {
      const [cases, path] = [join(directory, 'cases.json'), join(directory, file)];
      const all = deliveries();
      writeFileSync(cases, JSON.stringify(all.map(([args]) => args)));
      writeFileSync(path, wrap(block(`${language} verify`), cases));
      const answered = JSON.parse(execFileSync(program, [path], { encoding: 'utf8' })) as boolean[];
      expect(answered).toEqual(all.map(([, isGood]) => isGood));
    },
  );

  it('stands on the page in five languages', () => {
    const languages = blocksOf(PAGE).flatMap(({ info }) =>
      / verify$/.test(info) ? [info.split(' ')[0]] : [],
    );
    expect(languages).toEqual(['js', 'python', 'php', 'ruby', 'go']);
  });

  it.each(['php', 'ruby', 'go'])('signs the same text and compares in constant time, in %s', (language) => {
    const code = block(`${language} verify`);
    expect(code).toMatch(/hash_equals|secure_compare|hmac\.Equal/);
    expect(code).toMatch(
      /\$id\.\$timestamp\.\$body|#\{id\}\.#\{timestamp\}\.#\{body\}|id \+ "\." \+ timestamp \+ "\." \+ body/,
    );
    expect(code).toMatch(/300|5\*time\.Minute/);
  });
});

describe('the receiver that sends mails', () => {
  let receiver: ChildProcess;
  let smtp: Server;
  const mails: string[] = [];
  afterEach(async () => {
    receiver.kill();
    smtp.close();
    await once(smtp, 'close');
  });

  it('tells the person of a new passkey once, and refuses what is not signed', async () => {
    smtp = smtpSink(mails);
    smtp.listen(0, '127.0.0.1');
    await once(smtp, 'listening');
    const port = await freePort();
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(directory, 'verify.js'), block('js verify'));
    writeFileSync(
      join(directory, 'users.js'),
      'export const addressOf = async (id) => `${id}@customers.example`;',
    );
    writeFileSync(join(directory, 'receiver.js'), block('js mail'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'));
    receiver = spawn(process.execPath, [join(directory, 'receiver.js')], {
      env: {
        PORT: String(port),
        SMTP_URL: `smtp://127.0.0.1:${(smtp.address() as AddressInfo).port}?ignoreTLS=true`,
        WEBHOOK_SECRET: spellSecret(secret),
      },
      stdio: 'inherit',
    });
    const payload = block('json registered');
    const send = (headers: Record<string, string>) =>
      ask(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: payload });
    const signed = signatureHeaders('event-1', payload, [secret]);
    await eventually(async () => expect((await send(signed)).status).toBe(204));
    expect((await send(signed)).status).toBe(204);
    expect((await send(signatureHeaders('event-1', payload, [other]))).status).toBe(401);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('To: user-1@customers.example');
    expect(mails[0]).toContain('Subject: A passkey was added to your account');
  });
});

/** A mail server that accepts everything, and keeps what it was given. */
function smtpSink(mails: string[]): Server {
  return createServer((socket) => {
    let [data, isMail] = ['', false];
    socket.on('error', () => undefined);
    socket.write('220 sink\r\n');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      data += chunk;
      for (;;) {
        const end = isMail ? data.indexOf('\r\n.\r\n') : data.indexOf('\r\n');
        if (end === -1) return;
        const text = data.slice(0, end);
        data = data.slice(end + (isMail ? 5 : 2));
        if (isMail) mails.push(text);
        isMail = !isMail && /^DATA$/i.test(text);
        socket.write(isMail ? '354 go on\r\n' : /^QUIT/i.test(text) ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  });
}
