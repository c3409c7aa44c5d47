const P = 2n ** 255n - 19n;
/** The curve constant d = -121665/121666 of RFC 8032 §5.1. */
const D = mod(-121665n * inverse(121666n));

/**
 * Whether 32 bytes are the canonical encoding of a point on Ed25519 that is not of small order (RFC 8032 §5.1.3).
 * A key of small order would accept signatures that nobody made.
 */
export function isEd25519Point(encoded: Uint8Array): boolean {
  if (encoded.byteLength !== 32) return false;
  const littleEndian = Buffer.from(encoded).reverse();
  const xIsOdd = (littleEndian.readUInt8(0) & 0x80) !== 0;
  littleEndian[0] = littleEndian.readUInt8(0) & 0x7f;
  const y = BigInt(`0x${littleEndian.toString('hex')}`);
  if (y >= P) return false;
  const xSquared = xSquaredOf(y);
  if (xSquared === 0n && xIsOdd) return false;
  return isSquare(xSquared) && !hasSmallOrder(y);
}

/** Solves the curve equation -x² + y² = 1 + dx²y² for x². */
function xSquaredOf(y: bigint): bigint {
  const ySquared = mod(y * y);
  return mod((ySquared - 1n) * inverse(mod(D * ySquared + 1n)));
}

function hasSmallOrder(y: bigint): boolean {
  // The cofactor is 8: three doublings take exactly the points of small order to the neutral element, y = 1.
  for (let doublings = 0; doublings < 3; doublings++) {
    const xSquared = xSquaredOf(y);
    const ySquared = mod(y * y);
    y = mod((ySquared + xSquared) * inverse(mod(2n - ySquared + xSquared)));
  }
  return y === 1n;
}

/** Euler's criterion. */
function isSquare(value: bigint): boolean {
  return value === 0n || power(value, (P - 1n) / 2n) === 1n;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (base = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = mod(result * base);
    base = mod(base * base);
  }
  return result;
}

function mod(value: bigint): bigint {
  const remainder = value % P;
  return remainder < 0n ? remainder + P : remainder;
}
