import { createECDH, createHash, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { aRelyingParty } from '../../test/support/ceremonies.js';
import { coseKey, encodeCbor } from '../../test/support/software-credential.js';
import { encodeBase64url } from './base64url.js';
import type { CeremonyRefusal } from './ceremony-refusal.js';
import { type ExpectedAuthentication, verifyAuthentication } from './verify-authentication.js';
import { type ExpectedRegistration, verifyRegistration } from './verify-registration.js';

// The vectors of WebAuthn Level 3 §16 that stand here are derived as that section says: each value is HKDF-SHA-256 of one
// text, salted with its number, for the vector's name. Only what was signed at random is given as bytes.

const ORIGIN = 'https://example.org';
const TOP_ORIGIN = 'https://example.com';
const RP_ID_HASH = createHash('sha256').update('example.org').digest();

interface VectorTraits {
  /** Its name, which its values are derived for. */
  readonly name: string;
  readonly algorithm?: -7 | -8;
  readonly frame?: { readonly crossOrigin: true; readonly topOrigin?: string };
  readonly credentialIdBytes?: number;
  /** How many values of an attestation key come between registration and authentication. */
  readonly attestationValues?: number;
  /** Of the assertion, in hex. */
  readonly signature: string;
  /** The attestation statement that is not empty, in hex of its CBOR, with its format. */
  readonly attestation?: { readonly format: string; readonly statement: string };
}

/** Values in the order in which the vector has them. */
class Derivation {
  private salt = 0;

  constructor(private readonly name: string) {}

  next(length: number): Buffer {
    const salt = Buffer.of(this.salt++);
    return Buffer.from(hkdfSync('sha256', 'WebAuthn test vectors', salt, this.name, length));
  }

  skip(count: number): void {
    this.salt += count;
  }

  /** Client data, with a flag that says whether it is extended. */
  clientData(type: string, challenge: Buffer, frame: VectorTraits['frame']): Buffer {
    const isExtended = (this.next(1)[0]! & 1) !== 0;
    const extraData = 'clientDataJSON may be extended with additional fields in the future, such as this: ';
    return Buffer.from(
      JSON.stringify({
        type,
        challenge: encodeBase64url(challenge),
        origin: ORIGIN,
        crossOrigin: frame !== undefined,
        topOrigin: frame?.topOrigin,
        ...(isExtended && { extraData: extraData + encodeBase64url(this.next(16)) }),
      }),
    );
  }
}

function publicKeyOf(algorithm: -7 | -8, privateKey: Buffer) {
  if (algorithm === -8) {
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), privateKey]);
    const key = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
    const x = key.export({ type: 'spki', format: 'der' }).subarray(-32);
    return coseKey([1, 1], [3, -8], [-1, 6], [-2, new Uint8Array(x)]);
  }
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(privateKey);
  const point = new Uint8Array(curve.getPublicKey());
  return coseKey([1, 2], [3, -7], [-1, 1], [-2, point.slice(1, 33)], [-3, point.slice(33)]);
}

/** UV, BE and BS as the vector's byte has them: BS only with BE. */
const flagsOf = (byte: number, isEligible = (byte & 0x08) !== 0): number =>
  0x01 | (byte & 0x04) | (isEligible ? 0x08 | (byte & 0x10) : 0);

function ceremoniesOf(vector: VectorTraits) {
  const { algorithm = -7, frame, credentialIdBytes = 32, attestation } = vector;
  const derived = new Derivation(vector.name);
  const challenge = derived.next(32);
  const publicKey = publicKeyOf(algorithm, derived.next(32));
  const clientDataJSON = derived.clientData('webauthn.create', challenge, frame);
  const aaguid = derived.next(16);
  const credentialId = derived.next(credentialIdBytes);
  const flags = flagsOf(derived.next(1)[0]!);
  derived.skip(vector.attestationValues ?? 0);
  const authData = Buffer.concat([
    RP_ID_HASH,
    Buffer.of(flags | 0x40, 0, 0, 0, 0),
    aaguid,
    Buffer.of(credentialId.length >> 8, credentialId.length & 0xff),
    credentialId,
    encodeCbor(publicKey),
  ]);
  const attestationObject = Buffer.concat([
    Buffer.from('a363666d74', 'hex'),
    encodeCbor(attestation?.format ?? 'none'),
    Buffer.from('6761747453746d74', 'hex'),
    Buffer.from(attestation?.statement ?? 'a0', 'hex'),
    Buffer.from('686175746844617461', 'hex'),
    encodeCbor(new Uint8Array(authData)),
  ]);

  const nextChallenge = derived.next(32);
  const nextClientData = derived.clientData('webauthn.get', nextChallenge, frame);
  const nextFlags = flagsOf(derived.next(1)[0]!, (flags & 0x08) !== 0);
  const id = encodeBase64url(credentialId);
  const credential = { id, rawId: id, type: 'public-key' };
  return {
    publicKey: encodeCbor(publicKey),
    credentialId,
    isBackupEligible: (flags & 0x08) !== 0,
    registration: {
      challenge: encodeBase64url(challenge),
      response: {
        ...credential,
        response: {
          clientDataJSON: encodeBase64url(clientDataJSON),
          attestationObject: encodeBase64url(attestationObject),
        },
      },
    },
    authentication: {
      challenge: encodeBase64url(nextChallenge),
      response: {
        ...credential,
        response: {
          clientDataJSON: encodeBase64url(nextClientData),
          authenticatorData: encodeBase64url(Buffer.concat([RP_ID_HASH, Buffer.of(nextFlags, 0, 0, 0, 0)])),
          signature: encodeBase64url(Buffer.from(vector.signature, 'hex')),
        },
      },
    },
  };
}

type Party = Partial<ExpectedRegistration['relyingParty']>;

const outcomeOf = (verification: Promise<object>): Promise<string> =>
  verification.then(
    (verified) =>
      'attestationTrust' in verified ? `accepted, ${String(verified.attestationTrust)}` : 'accepted',
    ({ reason, step }: CeremonyRefusal) => `${reason} ${step}`,
  );

/** What becomes of both ceremonies of a vector; user verification is not required, as few vectors have it. */
async function outcomes(vector: VectorTraits, party: Party, judgesAttestation: boolean) {
  const { registration, authentication, ...made } = ceremoniesOf(vector);
  const relyingParty = aRelyingParty({ id: 'example.org', origins: [ORIGIN], ...party });
  const expected = { relyingParty, requireUserVerification: false };
  const registering: ExpectedRegistration = {
    ...expected,
    challenge: registration.challenge,
    algorithms: [-7, -35, -36, -8, -257],
    judgesAttestation,
    isConditional: false,
  };
  const signingIn: ExpectedAuthentication = {
    ...expected,
    challenge: authentication.challenge,
    credential: {
      id: made.credentialId,
      publicKey: made.publicKey,
      backupEligible: made.isBackupEligible,
      userHandle: Buffer.alloc(32),
    },
    backupEligibilityChange: 'refuse',
    userHandleRequired: false,
  };
  return [
    await outcomeOf(verifyRegistration(registration.response, registering)),
    await outcomeOf(verifyAuthentication(authentication.response, signingIn)),
  ];
}

const NONE: VectorTraits = {
  name: 'none.ES256',
  signature:
    '3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87',
};
const SELF: VectorTraits = {
  name: 'packed-self.ES256',
  signature:
    '304402203310b9431903c401f1be2bdc8d23a4007682dbbddcf846994947b7f465daf84002204e94dd00047b316061b3b99772b7efd95994a83ef584b3b6b825ea3550251b66',
  attestation: {
    format: 'packed',
    statement:
      'a263616c67266373696758463044' +
      '0220067a20754ab925005dbf378097c92120031581c73228d1fb4f5b881bcd7da983' +
      '02207fc7b147558c7c0eba3af18bd9d121fa3d3a26d17fe3f220272178f473b6006d',
  },
};
const CROSS_ORIGIN: VectorTraits = {
  name: 'none.ES256.crossOrigin',
  frame: { crossOrigin: true },
  signature:
    '3046022100eb12fcf23b12764c0f122e22371fab92e283879fd798f38ee1841c951b6e40e7022100c76237ff9db77b3c56f30837cda6a09acfa2e915544e609c0733b1184036d1cf',
};
const TOP: VectorTraits = {
  name: 'none.ES256.topOrigin',
  frame: { crossOrigin: true, topOrigin: TOP_ORIGIN },
  signature:
    '3045022100b5a70c81780d5fcc9a4f2ae9caae99058f8accaf58b91fb59329646c28ac6ffc022012e101c165db3c8e9957f0c54dd6ca9b56bc3bd2f280bd2faa6c1d02c6e5c171',
};
const LONG_ID: VectorTraits = {
  name: 'none.ES256.long-credential-id',
  credentialIdBytes: 1023,
  signature:
    '304502203ecef83fb12a0cae7841055f9f87103a99fd14b424194bbf06c4623d3ee6e3fd022100d2ace346db262b1374a6b70faa51f518a42ddca13a4125ce6f5052a75bac9fb6',
};
const EDDSA: VectorTraits = {
  name: 'packed.EdDSA',
  algorithm: -8,
  attestationValues: 2,
  signature:
    'f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cfdfc48f85393bc0d40b011f0d6fecb097d6607525713223a0dc0d453993dae00b',
  attestation: {
    format: 'packed',
    statement:
      'a363616c672663736967584830460221' +
      '00d83f60bd80269537583218858aefb03ac57d45fa06e42feaae332d187f62da9f0221' +
      '00a02bd3cb6f7e1d283c93bad1f3f4b5a4c0494463da7fdbf256949116754d1f17' +
      '637835638159022730820223308201c8a003020102021100b2cfc9ea33c8643b0e1a760463eaf164300a06082a8648ce3d0403023062' +
      '311e301c06035504030c15576562417574686e207465737420766563746f7273310c300a060355040a0c0357334331253023060355040b0c1c' +
      '41757468656e74696361746f72204174746573746174696f6e204341310b30090603550406130241413020170d323430313031303030303030' +
      '5a180f33303234303130313030303030305a305f311e301c06035504030c15576562417574686e207465737420766563746f7273310c300a06' +
      '0355040a0c0357334331223020060355040b0c1941757468656e74696361746f72204174746573746174696f6e310b30090603550406130241' +
      '413059301306072a8648ce3d020106082a8648ce3d03010703420004dd2b7a564b73b8c0b81c4c62e521925c4d1198ec9f583dbf1eebe364b6' +
      '5cd9c29a9bdf346aaa81fb6b9507e5249a52fdaf8e39e26b0b7dc45992a7e233b70f70a360305e300c0603551d130101ff04023000300e0603' +
      '551d0f0101ff040403020780301d0603551d0e041604140ae27546bc7eccb1b4b597bd354f0c0b1f1f8f8e301f0603551d2304183016801445' +
      'aff715b0dd786741fee996ebc16547a3931b1e300a06082a8648ce3d0403020349003046022100a0d434ecb5fc3bfd7da5f41904517ad28362' +
      '49f561bd834ba7a438a8ab7a4ce8022100fac845bb7a02513b58e9f319654dbe49b0f02b95835bac568c71f8a18cdde9ab',
  },
};

const LISTED: Party = { topOrigins: [TOP_ORIGIN] };
const UNKNOWN: Party = { unknownFrames: 'allow' };

describe('WebAuthn Level 3 §16 test vectors', () => {
  const TABLE: [policy: string, VectorTraits, Party, registration: string, authentication: string][] = [
    ['by default', NONE, {}, 'accepted, none', 'accepted'],
    ['by default', LONG_ID, {}, 'accepted, none', 'accepted'],
    ['by default', SELF, {}, 'accepted, untrusted', 'accepted'],
    ['by default', EDDSA, {}, 'accepted, untrusted', 'accepted'],
    ['by default', CROSS_ORIGIN, {}, 'cross_origin 7.1-10', 'cross_origin 7.2-13'],
    ['if top origins are listed', CROSS_ORIGIN, LISTED, 'cross_origin 7.1-10', 'cross_origin 7.2-13'],
    ['if unknown frames are allowed', CROSS_ORIGIN, UNKNOWN, 'accepted, none', 'accepted'],
    ['by default', TOP, {}, 'top_origin_not_allowed 7.1-11', 'top_origin_not_allowed 7.2-14'],
    ['if its top origin is listed', TOP, LISTED, 'accepted, none', 'accepted'],
    [
      'if unknown frames are allowed',
      TOP,
      UNKNOWN,
      'top_origin_not_allowed 7.1-11',
      'top_origin_not_allowed 7.2-14',
    ],
  ];
  it.each(TABLE.map(([policy, vector, ...rest]) => [vector.name, policy, vector, ...rest] as const))(
    '%s is accepted or refused as the table says %s',
    async (_name, _policy, vector, party, registration, authentication) => {
      for (const judgesAttestation of [true, false]) {
        expect(await outcomes(vector, party, judgesAttestation)).toEqual([registration, authentication]);
      }
    },
  );

  it.each(TABLE.map(([, vector, party]) => [vector.name, vector, party] as const))(
    '%s is refused with another signature',
    async (_, vector, party) => {
      const signature = vector.signature.replace(/..$/, (last) => (last === '00' ? '01' : '00'));
      const [, authentication] = await outcomes({ ...vector, signature }, party, true);
      expect(authentication).toMatch(/^(signature_invalid 7\.2-21|(cross|top)_origin.* 7\.2-1[34])$/);
    },
  );
});
