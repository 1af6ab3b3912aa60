//! Runs targets with their seeds and with changes of these, on any toolchain.
//!
//! ```sh
//! cargo run --release -- server --seconds 10          # a target, for that long
//! cargo run --release -- server --seed 7 --case 123   # one case again
//! cargo run --release -- server artifacts/server/…    # inputs from files
//! ```

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use websockets_fuzz::{Target, mutate, target};

/// What was asked for.
struct Options {
    target: Target,
    seconds: f64,
    seed: u64,
    case: Option<u64>,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("usage: smoke TARGET [--seconds N] [--seed N [--case N]] [FILE…]");
        return ExitCode::from(2);
    };
    let name = options.target.name;
    let seeds = read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name),
    );
    if seeds.is_empty() {
        eprintln!("{name}: there is no seed");
        return ExitCode::FAILURE;
    }
    if let Some(case) = options.case {
        (options.target.run)(&mutate::input(&seeds, options.seed, case));
    } else if !options.files.is_empty() {
        for file in &options.files {
            (options.target.run)(&fs::read(file).expect("a file that can be read"));
        }
    } else if !run(&options, &seeds) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        target: target(&arguments.next()?),
        seconds: 10.0,
        seed: rand::random(),
        case: None,
        files: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => options.seconds = arguments.next()?.parse().ok()?,
            "--seed" => options.seed = arguments.next()?.parse().ok()?,
            "--case" => options.case = Some(arguments.next()?.parse().ok()?),
            file => options.files.push(file.into()),
        }
    }
    Some(options)
}

/// The contents of a folder's files, in order of their names.
fn read(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

/// The seeds, then changes of them until the time is over. False where something did not hold.
fn run(options: &Options, seeds: &[Vec<u8>]) -> bool {
    let Options { target, seed, .. } = options;
    let started = Instant::now();
    let limit = Duration::from_secs_f64(options.seconds);
    let changed = (0..).map(|case| (Some(case), mutate::input(seeds, *seed, case)));
    let cases = seeds
        .iter()
        .map(|bytes| (None, bytes.clone()))
        .chain(changed);
    let mut count = 0_u64;
    for (case, bytes) in cases {
        if case.is_some() && started.elapsed() >= limit {
            break;
        }
        count += 1;
        if std::panic::catch_unwind(|| (target.run)(&bytes)).is_err() {
            let again = match case {
                Some(case) => format!("--seed {seed} --case {case}"),
                None => "its seeds".to_owned(),
            };
            println!(
                "{}: failed in case {count}, {again}; {}",
                target.name,
                keep(target, &bytes)
            );
            return false;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{}: {count} cases in {seconds:.1} s, --seed {seed}",
        target.name
    );
    true
}

/// Keeps an input that failed, where cargo-fuzz would; says where.
fn keep(target: &Target, bytes: &[u8]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("artifacts")
        .join(target.name);
    let path = folder.join("smoke");
    let written =
        fs::create_dir_all(&folder).and_then(|()| fs::File::create(&path)?.write_all(bytes));
    match written {
        Ok(()) => format!("the input is in {}", path.display()),
        Err(error) => format!("the input could not be kept: {error}"),
    }
}
