//! The load generator: a thread or a few, an epoll each, many connections. It runs one scenario against one
//! server, checks every byte that comes back, and prints what it measured as one line of JSON.

mod args;
mod broadcast;
mod churn;
mod client;
mod clock;
mod crew;
mod echo;
mod histogram;
mod idle;
mod incoming;
mod link;
mod message;
mod poller;
mod report;
mod sessions;
mod topics;
mod usage;

use std::process::ExitCode;

/// What goes wrong in a run: it does not count then, and the text says why.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn run() -> Result<report::Report, Failure> {
    let settings = args::Settings::parse(std::env::args().skip(1))?;
    match settings.scenario.as_str() {
        "echo" => echo::run(&settings),
        "broadcast" => broadcast::run(&settings),
        "topics" => topics::run(&settings),
        "idle" => idle::run(&settings),
        "churn" => churn::run(&settings),
        other => Err(format!("no scenario {other}").into()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("generator: {failure}");
            ExitCode::FAILURE
        }
    }
}
