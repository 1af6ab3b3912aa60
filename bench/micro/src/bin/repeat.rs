//! Does the work of one case a number of times, for tools that count instructions.
//!
//! `repeat` lists the cases, with tabs between work, size and library; `repeat NUMBER TIMES` runs one.

use std::env;

fn main() {
    let mut cases = micro::cases();
    let arguments: Vec<usize> = env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("a number"))
        .collect();
    match arguments[..] {
        [] => {
            for case in cases {
                let size = micro::size_name(case.size);
                println!("{}\t{size}\t{}", case.work, case.library.name());
            }
        }
        [number, times] => (cases[number].run)(times as u64),
        _ => panic!("repeat [NUMBER TIMES]"),
    }
}
