//! Times, by criterion: CPU time of this thread, so that what else runs takes nothing from it but caches
//! and clock. `cargo bench --manifest-path bench/micro/Cargo.toml -- mask` is a part.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use micro::{cases, size_name};
use rustix::time::{ClockId, clock_gettime};

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn protocol(criterion: &mut Criterion) {
    for mut case in cases() {
        let mut group =
            criterion.benchmark_group(format!("{}, {}", case.work, size_name(case.size)));
        group.bench_function(case.library.name(), |bencher| {
            bencher.iter_custom(|times| {
                let started = cpu_time();
                (case.run)(times);
                cpu_time() - started
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    // The least of many samples, what runs beside it moves little.
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(100)
        .without_plots();
    targets = protocol
}
criterion_main!(benches);
