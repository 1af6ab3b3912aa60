//! A second reading of RFC 1951 and of RFC 7692 §7.2.2, as plain as can be: one bit at a time, codes
//! looked up by counting, no tables.

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is no DEFLATE data, refers to what is not there, or ends within a block.
    Invalid,
    /// It has more bytes than allowed.
    TooLong,
}

/// What a message may refer to, and how long it may become.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// What came before the message.
    pub before: &'a [u8],
    /// How far back a reference may go.
    pub distance: usize,
    /// Bytes of the message.
    pub length: u64,
}

/// Blocks with BFINAL set that one message may go on behind.
const MAX_FINAL_BLOCKS: u32 = 16;

/// The message whose frames had this payload.
pub fn inflate(payload: &[u8], bounds: Bounds<'_>) -> Result<Vec<u8>, Failure> {
    // What the sender left off (RFC 7692 §7.2.1).
    let data = [payload, &[0x00, 0x00, 0xff, 0xff]].concat();
    let mut inflater = Inflater {
        data: &data,
        at: 0,
        out: bounds.before.to_vec(),
        bounds,
    };
    let end = payload.len() * 8;
    let mut last_blocks = 0;
    while inflater.at < data.len() * 8 {
        let is_last = inflater.bit()? == 1;
        inflater.block()?;
        if is_last {
            inflater.skip_to_byte();
            last_blocks += 1;
            // Nothing needs to be behind it (RFC 7692 §7.2.3.4 says that an empty block is).
            if inflater.at == end {
                break;
            }
            if inflater.at > end || last_blocks > MAX_FINAL_BLOCKS {
                return Err(Failure::Invalid);
            }
        }
    }
    Ok(inflater.out.split_off(bounds.before.len()))
}

struct Inflater<'a> {
    data: &'a [u8],
    /// In bits.
    at: usize,
    out: Vec<u8>,
    bounds: Bounds<'a>,
}

/// How many codes there are of each length, and whose they are, in order of the codes.
struct Code {
    count: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    /// A code by the length of each symbol's, 0 for none. `None` where there are too many codes, or
    /// too few: only a single code of one bit may be without its other half.
    fn new(lengths: &[usize], may_be_single: bool) -> Option<Self> {
        let mut count = [0; 16];
        for length in lengths {
            count[*length] += 1;
        }
        let mut left = 1_i32;
        for of_length in &count[1..] {
            left = left * 2 - *of_length as i32;
            if left < 0 {
                return None;
            }
        }
        let used = lengths.len() - count[0];
        if left > 0 && !(may_be_single && (used == 0 || (used == 1 && count[1] == 1))) {
            return None;
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|s| lengths[*s] != 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Some(Self { count, symbols })
    }
}

const LENGTH_BASE: [usize; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
];
const LENGTH_EXTRA: [u32; 29] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DISTANCE_BASE: [usize; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const LENGTHS_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

impl Inflater<'_> {
    fn bit(&mut self) -> Result<usize, Failure> {
        let byte = self.data.get(self.at / 8).ok_or(Failure::Invalid)?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Ok(usize::from(bit))
    }

    fn bits(&mut self, count: u32) -> Result<usize, Failure> {
        (0..count).try_fold(0, |bits, i| Ok(bits | self.bit()? << i))
    }

    fn skip_to_byte(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn put(&mut self, byte: u8) -> Result<(), Failure> {
        if (self.out.len() - self.bounds.before.len()) as u64 >= self.bounds.length {
            return Err(Failure::TooLong);
        }
        self.out.push(byte);
        Ok(())
    }

    /// One block, whose first bit was read.
    fn block(&mut self) -> Result<(), Failure> {
        match self.bits(2)? {
            0 => self.stored(),
            1 => {
                let mut lengths = [8; 288];
                lengths[144..256].fill(9);
                lengths[256..280].fill(7);
                self.compressed(&Code::new(&lengths, false), &Code::new(&[5; 32], false))
            }
            2 => {
                let (literals, distances) = self.codes()?;
                self.compressed(&Some(literals), &Some(distances))
            }
            _ => Err(Failure::Invalid),
        }
    }

    fn stored(&mut self) -> Result<(), Failure> {
        self.skip_to_byte();
        let length = self.bits(16)?;
        if length ^ self.bits(16)? != 0xffff {
            return Err(Failure::Invalid);
        }
        for _ in 0..length {
            let byte = self.bits(8)?;
            self.put(byte as u8)?;
        }
        Ok(())
    }

    fn symbol(&mut self, code: &Code) -> Result<usize, Failure> {
        let (mut value, mut first, mut index) = (0, 0, 0);
        for count in &code.count[1..] {
            value |= self.bit()?;
            if value < first + count {
                return Ok(code.symbols[index + value - first]);
            }
            index += count;
            first = (first + count) * 2;
            value *= 2;
        }
        Err(Failure::Invalid)
    }

    fn codes(&mut self) -> Result<(Code, Code), Failure> {
        let literals = self.bits(5)? + 257;
        let distances = self.bits(5)? + 1;
        let count = self.bits(4)? + 4;
        if literals > 286 || distances > 30 {
            return Err(Failure::Invalid);
        }
        let mut lengths = [0; 19];
        for place in &LENGTHS_ORDER[..count] {
            lengths[*place] = self.bits(3)?;
        }
        let code = Code::new(&lengths, false).ok_or(Failure::Invalid)?;
        let mut lengths: Vec<usize> = Vec::new();
        while lengths.len() < literals + distances {
            let (length, times) = match self.symbol(&code)? {
                16 => {
                    let last = *lengths.last().ok_or(Failure::Invalid)?;
                    (last, 3 + self.bits(2)?)
                }
                17 => (0, 3 + self.bits(3)?),
                18 => (0, 11 + self.bits(7)?),
                length => (length, 1),
            };
            lengths.extend(std::iter::repeat_n(length, times));
        }
        if lengths.len() > literals + distances || lengths[256] == 0 {
            return Err(Failure::Invalid);
        }
        let (of_literals, of_distances) = lengths.split_at(literals);
        Code::new(of_literals, true)
            .zip(Code::new(of_distances, true))
            .ok_or(Failure::Invalid)
    }

    fn compressed(
        &mut self,
        literals: &Option<Code>,
        distances: &Option<Code>,
    ) -> Result<(), Failure> {
        let (Some(literals), Some(distances)) = (literals, distances) else {
            return Err(Failure::Invalid);
        };
        loop {
            let symbol = self.symbol(literals)?;
            match symbol {
                0..256 => self.put(symbol as u8)?,
                256 => return Ok(()),
                _ => {
                    let index = symbol - 257;
                    let base = LENGTH_BASE.get(index).ok_or(Failure::Invalid)?;
                    let length = base + self.bits(LENGTH_EXTRA[index])?;
                    let index = self.symbol(distances)?;
                    let base = DISTANCE_BASE.get(index).ok_or(Failure::Invalid)?;
                    let distance = base + self.bits((index as u32 / 2).saturating_sub(1))?;
                    if distance > self.out.len() || distance > self.bounds.distance {
                        return Err(Failure::Invalid);
                    }
                    for _ in 0..length {
                        self.put(self.out[self.out.len() - distance])?;
                    }
                }
            }
        }
    }
}
