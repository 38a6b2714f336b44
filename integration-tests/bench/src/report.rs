//! What came out: medians over the rounds, for people and for programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::error::BenchError;
use crate::role::Measured;

/// The goals of the design, in this order of magnitude: the broker's CPU per request over nginx's, and its throughput.
const CPU_RATIO_GOAL: f64 = 9.5;
const RPS_RATIO_GOAL: f64 = 0.12;

/// One measurement of one side, or the medians of several. CPU in µs for each request.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) rps: f64,
    pub(crate) cpu_us: f64,
    pub(crate) stub_cpu_us: f64,
    pub(crate) generator_cpu_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// A line of the table.
pub(crate) type Row = (&'static str, fn(&Sample) -> f64);

/// Both sides, one after the other.
pub(crate) struct Round {
    pub(crate) broker: Sample,
    pub(crate) nginx: Sample,
}

/// Under what conditions.
#[derive(Serialize)]
pub(crate) struct Conditions {
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
    pub(crate) cores: usize,
    pub(crate) nginx: String,
    pub(crate) optimised: bool,
}

/// The result.
#[derive(Serialize)]
pub(crate) struct Report {
    cpu_ratio: f64,
    rps_ratio: f64,
    cpu_ratio_goal: f64,
    rps_ratio_goal: f64,
    cpu_ratio_of_rounds: Vec<f64>,
    rps_ratio_of_rounds: Vec<f64>,
    broker: Sample,
    nginx_pass_through: Sample,
    rounds: usize,
    conditions: Conditions,
}

impl Sample {
    pub(crate) fn of(
        measured: &Measured,
        took: Duration,
        cpu: Duration,
        stub: Duration,
        generator: Duration,
    ) -> Result<Self, BenchError> {
        if measured.requests == 0 {
            return Err(BenchError::new("no request was answered in time"));
        }
        let requests = number(measured.requests);
        let each = |used: Duration| used.as_secs_f64() * 1e6 / requests;
        Ok(Self {
            requests: measured.requests,
            rps: requests / took.as_secs_f64(),
            cpu_us: each(cpu),
            stub_cpu_us: each(stub),
            generator_cpu_us: each(generator),
            p50_us: number(measured.p50_us),
            p99_us: number(measured.p99_us),
        })
    }

    pub(crate) fn medians(samples: &[&Self]) -> Self {
        let of = |take: fn(&Self) -> f64| median(samples.iter().map(|sample| take(sample)));
        Self {
            requests: samples.iter().map(|sample| sample.requests).sum(),
            rps: of(|s| s.rps),
            cpu_us: of(|s| s.cpu_us),
            stub_cpu_us: of(|s| s.stub_cpu_us),
            generator_cpu_us: of(|s| s.generator_cpu_us),
            p50_us: of(|s| s.p50_us),
            p99_us: of(|s| s.p99_us),
        }
    }
}

/// Counts and times are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) } else { at(middle) }
}

pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

impl Report {
    pub(crate) fn of(rounds: &[Round], conditions: Conditions) -> Self {
        let broker = Sample::medians(&rounds.iter().map(|round| &round.broker).collect::<Vec<_>>());
        let nginx = Sample::medians(&rounds.iter().map(|round| &round.nginx).collect::<Vec<_>>());
        let each = |ratio: fn(&Sample, &Sample) -> f64| {
            rounds.iter().map(|round| rounded(ratio(&round.broker, &round.nginx), 3)).collect()
        };
        Self {
            cpu_ratio: rounded(broker.cpu_us / nginx.cpu_us, 3),
            rps_ratio: rounded(broker.rps / nginx.rps, 4),
            cpu_ratio_goal: CPU_RATIO_GOAL,
            rps_ratio_goal: RPS_RATIO_GOAL,
            cpu_ratio_of_rounds: each(|broker, nginx| broker.cpu_us / nginx.cpu_us),
            rps_ratio_of_rounds: each(|broker, nginx| broker.rps / nginx.rps),
            broker,
            nginx_pass_through: nginx,
            rounds: rounds.len(),
            conditions,
        }
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (broker, nginx) = (&self.broker, &self.nginx);
        write!(
            f,
            "broker {:.0} µs, {:.0}/s; nginx {:.0} µs, {:.0}/s; CPU {:.2}×, throughput {:.3}×",
            broker.cpu_us,
            broker.rps,
            nginx.cpu_us,
            nginx.rps,
            broker.cpu_us / nginx.cpu_us,
            broker.rps / nginx.rps
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { connections, seconds, cores, nginx, optimised } = &self.conditions;
        writeln!(f, "Signed REST beside {nginx} as mutual-TLS pass-through: 1 KB answers, P-256, keep-alive.")?;
        writeln!(
            f,
            "{connections} connections, medians of {} rounds of {seconds} s each, {cores} cores, all on this machine.\n",
            self.rounds
        )?;
        writeln!(f, "{:<34}{:>12}{:>12}", "", "broker", "nginx")?;
        let rows: [Row; 6] = [
            ("requests per second", |s| s.rps),
            ("its own CPU per request, µs", |s| s.cpu_us),
            ("the stub's CPU per request, µs", |s| s.stub_cpu_us),
            ("the generator's, µs", |s| s.generator_cpu_us),
            ("latency p50, µs", |s| s.p50_us),
            ("latency p99, µs", |s| s.p99_us),
        ];
        for (name, of) in rows {
            writeln!(f, "{name:<34}{:>12.0}{:>12.0}", of(&self.broker), of(&self.nginx_pass_through))?;
        }
        let met = |met: bool| if met { "met" } else { "missed" };
        writeln!(
            f,
            "\nCPU per request   {:>7.2}×   goal: at most  {CPU_RATIO_GOAL}×  ({})",
            self.cpu_ratio,
            met(self.cpu_ratio <= CPU_RATIO_GOAL)
        )?;
        write!(
            f,
            "throughput        {:>7.3}×   goal: at least {RPS_RATIO_GOAL}× ({})",
            self.rps_ratio,
            met(self.rps_ratio >= RPS_RATIO_GOAL)
        )?;
        if *optimised {
            Ok(())
        } else {
            write!(f, "\n\nThis is a build without optimisation: its figures mean nothing. Use --release.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(requests: u64, cpu_ms: u64) -> Sample {
        let measured = Measured { requests, p50_us: 10, p99_us: 20 };
        let cpu = Duration::from_millis(cpu_ms);
        Sample::of(&measured, Duration::from_secs(2), cpu, cpu / 2, cpu / 4).unwrap()
    }

    #[test]
    fn ratios_are_those_of_the_medians() {
        let round = |requests, cpu_ms| Round { broker: sample(requests, cpu_ms), nginx: sample(10_000, 500) };
        let rounds = [round(1000, 400), round(1000, 9000), round(1200, 480)];
        let conditions =
            Conditions { connections: 32, seconds: 2, cores: 2, nginx: "nginx/1".to_owned(), optimised: true };
        let report = Report::of(&rounds, conditions);
        assert!((report.cpu_ratio - 8.0).abs() < 1e-9, "{}", report.cpu_ratio);
        assert!((report.rps_ratio - 0.1).abs() < 1e-9, "{}", report.rps_ratio);
        assert!(report.to_string().contains("8.00×   goal: at most  9.5×  (met)"), "{report}");
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.contains("\"cpu_ratio\":8.0") && json.contains("\"rps_ratio\":0.1") && !json.contains('\n'));
    }

    #[test]
    fn a_median_is_the_middle_one_or_between_the_two() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!(
            Sample::of(
                &Measured { requests: 0, p50_us: 0, p99_us: 0 },
                Duration::ZERO,
                Duration::ZERO,
                Duration::ZERO,
                Duration::ZERO
            )
            .is_err()
        );
    }
}
