//! Whether the half t0 of an expanded ML-DSA key is the one of its s1 and s2, from first principles: with another t0
//! nearly all signatures still verify, and `ml-dsa` doesn't compute it from an expanded key.
//!
//! The numbers of this module are those of FIPS 204; no step branches on a secret or looks one up.

use shake::{ExtendableOutput, Shake128, Update, XofReader};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::KeyAlgorithm;

/// The modulus q.
const Q: u32 = 8_380_417;
/// A 512th root of unity modulo q.
const ZETA: u64 = 1753;
/// 256 to the power of -1 modulo q.
const INVERSE_OF_256: u32 = 8_347_681;
/// Coefficients of a polynomial.
const N: usize = 256;
/// Bits that t0 holds of each coefficient of t.
const D: usize = 13;

type Polynomial = Zeroizing<[u32; N]>;

/// Sizes of a parameter set (FIPS 204 table 1).
struct Sizes {
    /// Rows and columns of the matrix.
    k: u8,
    l: u8,
    /// Bound of the coefficients of s1 and s2, and the bits they are packed into.
    eta: u32,
    bits: usize,
}

impl Sizes {
    fn of(algorithm: KeyAlgorithm) -> Option<Self> {
        match algorithm {
            KeyAlgorithm::MlDsa44 => Some(Sizes { k: 4, l: 4, eta: 2, bits: 3 }),
            KeyAlgorithm::MlDsa65 => Some(Sizes { k: 6, l: 5, eta: 4, bits: 4 }),
            KeyAlgorithm::MlDsa87 => Some(Sizes { k: 8, l: 7, eta: 2, bits: 3 }),
            _ => None,
        }
    }
}

/// The key is encoded as FIPS 204 algorithm 24 does it, with coefficients within their bounds, and its t0 is right.
pub(super) fn check(algorithm: KeyAlgorithm, expanded: &[u8]) -> Option<()> {
    let sizes = Sizes::of(algorithm)?;
    let (rho, rest) = expanded.split_at_checked(32)?;
    // K and tr.
    let (_, rest) = rest.split_at_checked(32 + 64)?;
    let octets = |bits: usize| N * bits / 8;
    let (s1, rest) = rest.split_at_checked(usize::from(sizes.l) * octets(sizes.bits))?;
    let (s2, t0) = rest.split_at_checked(usize::from(sizes.k) * octets(sizes.bits))?;
    if t0.len() != usize::from(sizes.k) * octets(D) {
        return None;
    }
    let short = |packed: &[u8]| -> Option<Vec<Polynomial>> {
        packed.chunks(octets(sizes.bits)).map(|packed| short(packed, &sizes)).collect()
    };
    let mut s1 = short(s1)?;
    s1.iter_mut().for_each(|polynomial| transform(polynomial));
    let mut right = subtle::Choice::from(1);
    for ((row, s2), t0) in (0u8..).zip(short(s2)?).zip(t0.chunks(octets(D))) {
        let mut t = Zeroizing::new([0; N]);
        for (column, s1) in (0u8..).zip(&s1) {
            let a = uniform(rho, column, row);
            t.iter_mut().zip(a.iter().zip(s1.iter())).for_each(|(t, (a, s))| *t = sum(*t, product(*a, *s)));
        }
        transform_back(&mut t);
        for (index, (t, s2)) in t.iter().zip(s2.iter()).enumerate() {
            // t0 is the residue modulo 2^13 nearest to zero, packed as 2^12 - t0 (algorithms 35 and 17).
            let expected = (3 * (1 << 12) - (sum(*t, *s2) & 0x1FFF)) & 0x1FFF;
            right &= unpacked(t0, index, D).ct_eq(&expected);
        }
    }
    bool::from(right).then_some(())
}

/// Number `index` of those packed into so many bits each (algorithm 19).
fn unpacked(packed: &[u8], index: usize, bits: usize) -> u32 {
    let (first, shift) = (index * bits / 8, index * bits % 8);
    let octets = packed.iter().skip(first).take(3);
    let number = octets.rev().fold(0, |number, octet| number << 8 | u32::from(*octet));
    number >> shift & ((1 << bits) - 1)
}

/// A polynomial whose coefficients were packed as η - s, each at most 2 η (algorithm 25).
fn short(packed: &[u8], sizes: &Sizes) -> Option<Polynomial> {
    let mut polynomial = Zeroizing::new([0; N]);
    let mut most = 0;
    for (index, coefficient) in polynomial.iter_mut().enumerate() {
        let number = unpacked(packed, index, sizes.bits);
        most = most.max(number);
        *coefficient = (Q + sizes.eta - number) % Q;
    }
    (most <= 2 * sizes.eta).then_some(polynomial)
}

/// An entry of the matrix, in the transformed domain (algorithms 30 and 32). Nothing in it is secret.
fn uniform(rho: &[u8], column: u8, row: u8) -> [u32; N] {
    let mut shake = Shake128::default();
    shake.update(rho);
    shake.update(&[column, row]);
    let mut stream = shake.finalize_xof();
    let mut polynomial = [0; N];
    for coefficient in &mut polynomial {
        *coefficient = loop {
            let mut three = [0; 3];
            stream.read(&mut three);
            let [low, middle, high] = three.map(u32::from);
            let candidate = low | middle << 8 | (high & 0x7F) << 16;
            if candidate < Q {
                break candidate;
            }
        };
    }
    polynomial
}

fn sum(a: u32, b: u32) -> u32 {
    (a + b) % Q
}

fn difference(a: u32, b: u32) -> u32 {
    (a + Q - b) % Q
}

fn product(a: u32, b: u32) -> u32 {
    // Below q, so the cast keeps the value.
    (u64::from(a) * u64::from(b) % u64::from(Q)) as u32
}

/// ζ to the power of the eight bits of `index`, in reverse order (FIPS 204 appendix B).
fn root(index: u8) -> u32 {
    let (mut power, mut square, mut exponent) = (1, ZETA, index.reverse_bits());
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * square % u64::from(Q);
        }
        square = square * square % u64::from(Q);
        exponent >>= 1;
    }
    power as u32
}

/// NTT (algorithm 41).
fn transform(polynomial: &mut [u32; N]) {
    let mut index = 0u8;
    for half in [128, 64, 32, 16, 8, 4, 2, 1] {
        for block in polynomial.chunks_exact_mut(2 * half) {
            index += 1;
            let root = root(index);
            let (low, high) = block.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                let turned = product(root, *high);
                *high = difference(*low, turned);
                *low = sum(*low, turned);
            }
        }
    }
}

/// The inverse of NTT (algorithm 42).
fn transform_back(polynomial: &mut [u32; N]) {
    let mut index = 0u8;
    for half in [1, 2, 4, 8, 16, 32, 64, 128] {
        for block in polynomial.chunks_exact_mut(2 * half) {
            index = index.wrapping_sub(1);
            let root = Q - root(index);
            let (low, high) = block.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                let turned = product(root, difference(*low, *high));
                *low = sum(*low, *high);
                *high = turned;
            }
        }
    }
    polynomial.iter_mut().for_each(|coefficient| *coefficient = product(*coefficient, INVERSE_OF_256));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_undone_by_its_inverse() {
        let mut polynomial: [u32; N] = std::array::from_fn(|index| index as u32 * 32_749 % Q);
        let before = polynomial;
        transform(&mut polynomial);
        assert_ne!(polynomial, before);
        transform_back(&mut polynomial);
        assert_eq!(polynomial, before);
        // FIPS 204 appendix B: the second value of the table of powers of zeta.
        assert_eq!((root(1), root(255)), (4_808_194, 7_648_983));
        assert_eq!(product(256, INVERSE_OF_256), 1);
    }

    #[test]
    #[allow(deprecated)]
    fn each_changed_octet_of_an_expanded_key_is_found_where_nothing_else_tells() {
        use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87};
        let seed = [3; 32].into();
        let expanded: [(KeyAlgorithm, Vec<u8>); 3] = [
            (KeyAlgorithm::MlDsa44, ExpandedSigningKey::<MlDsa44>::from_seed(&seed).to_expanded().to_vec()),
            (KeyAlgorithm::MlDsa65, ExpandedSigningKey::<MlDsa65>::from_seed(&seed).to_expanded().to_vec()),
            (KeyAlgorithm::MlDsa87, ExpandedSigningKey::<MlDsa87>::from_seed(&seed).to_expanded().to_vec()),
        ];
        for (algorithm, expanded) in expanded {
            assert_eq!(check(algorithm, &expanded), Some(()), "{algorithm:?}");
            // rho, s1, s2, t0; not K, which is any secret, and tr, which the signature of the pair test covers.
            let last = expanded.len() - 1;
            for at in (0..32).chain((128..=last).step_by(97)).chain([last]) {
                let mut changed = expanded.clone();
                changed[at] ^= 1;
                assert_eq!(check(algorithm, &changed), None, "{algorithm:?} {at}");
            }
            assert_eq!(check(algorithm, &expanded[1..]), None);
            assert_eq!(check(algorithm, &[expanded.clone(), vec![0]].concat()), None);
        }
    }
}
