//! What came out for SOAP: medians over the rounds, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::report::{Sample, median, rounded};

/// The goals of the design: libxmlsec1's CPU over ours, and the broker's over Santuario's.
const XMLSEC_2K_GOAL: f64 = 3.0;
const XMLSEC_20K_GOAL: f64 = 2.5;
const SANTUARIO_GOAL: f64 = 0.333;

/// CPU in µs of one verification and of one signature.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Work {
    pub(crate) verify: f64,
    pub(crate) sign: f64,
}

impl Work {
    fn both(self) -> f64 {
        self.verify + self.sign
    }

    fn medians(rounds: &[Round], of: fn(&Round) -> Self) -> Self {
        Self {
            verify: rounded(median(rounds.iter().map(|round| of(round).verify)), 1),
            sign: rounded(median(rounds.iter().map(|round| of(round).sign)), 1),
        }
    }
}

/// Everybody, one after the other.
pub(crate) struct Round {
    pub(crate) ours_2k: Work,
    pub(crate) libxmlsec1_2k: Work,
    pub(crate) ours_20k: Work,
    pub(crate) libxmlsec1_20k: Work,
    pub(crate) santuario_2k: Work,
    /// Two verifications and one signature.
    pub(crate) santuario: f64,
    pub(crate) broker: Sample,
}

impl Round {
    fn xmlsec_2k(&self) -> f64 {
        self.libxmlsec1_2k.both() / self.ours_2k.both()
    }

    fn xmlsec_20k(&self) -> f64 {
        self.libxmlsec1_20k.both() / self.ours_20k.both()
    }

    fn over_santuario(&self) -> f64 {
        self.broker.cpu_us / self.santuario
    }
}

/// Under what conditions.
#[derive(Serialize)]
pub(crate) struct Conditions {
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
    pub(crate) operations: u32,
    pub(crate) cores: usize,
    pub(crate) rivals: String,
    pub(crate) optimised: bool,
}

/// The result. A ratio is that of the medians.
#[derive(Serialize)]
pub(crate) struct Report {
    xmlsec_ratio_2k: f64,
    xmlsec_ratio_20k: f64,
    santuario_ratio: f64,
    xmlsec_ratio_2k_goal: f64,
    xmlsec_ratio_20k_goal: f64,
    santuario_ratio_goal: f64,
    xmlsec_ratio_2k_of_rounds: Vec<f64>,
    xmlsec_ratio_20k_of_rounds: Vec<f64>,
    santuario_ratio_of_rounds: Vec<f64>,
    ours_2k: Work,
    libxmlsec1_2k: Work,
    ours_20k: Work,
    libxmlsec1_20k: Work,
    santuario_2k: Work,
    santuario_exchange: f64,
    broker: Sample,
    rounds: usize,
    conditions: Conditions,
}

impl Report {
    pub(crate) fn of(rounds: &[Round], conditions: Conditions) -> Self {
        let each = |ratio: fn(&Round) -> f64| rounds.iter().map(|round| rounded(ratio(round), 3)).collect();
        let of = |take: fn(&Round) -> f64| median(rounds.iter().map(take));
        let broker = Sample::medians(&rounds.iter().map(|round| &round.broker).collect::<Vec<_>>());
        let both = |take: fn(&Round) -> Work| median(rounds.iter().map(|round| take(round).both()));
        Self {
            xmlsec_ratio_2k: rounded(both(|round| round.libxmlsec1_2k) / both(|round| round.ours_2k), 3),
            xmlsec_ratio_20k: rounded(both(|round| round.libxmlsec1_20k) / both(|round| round.ours_20k), 3),
            santuario_ratio: rounded(broker.cpu_us / of(|round| round.santuario), 3),
            xmlsec_ratio_2k_goal: XMLSEC_2K_GOAL,
            xmlsec_ratio_20k_goal: XMLSEC_20K_GOAL,
            santuario_ratio_goal: SANTUARIO_GOAL,
            xmlsec_ratio_2k_of_rounds: each(Round::xmlsec_2k),
            xmlsec_ratio_20k_of_rounds: each(Round::xmlsec_20k),
            santuario_ratio_of_rounds: each(Round::over_santuario),
            ours_2k: Work::medians(rounds, |round| round.ours_2k),
            libxmlsec1_2k: Work::medians(rounds, |round| round.libxmlsec1_2k),
            ours_20k: Work::medians(rounds, |round| round.ours_20k),
            libxmlsec1_20k: Work::medians(rounds, |round| round.libxmlsec1_20k),
            santuario_2k: Work::medians(rounds, |round| round.santuario_2k),
            santuario_exchange: rounded(of(|round| round.santuario), 1),
            broker,
            rounds: rounds.len(),
            conditions,
        }
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "2 KB {:.0} µs, libxmlsec1 {:.0} ({:.2}×); 20 KB {:.0} µs, libxmlsec1 {:.0} ({:.2}×); whole request {:.0} µs, \
             Santuario {:.0} ({:.3}×)",
            self.ours_2k.both(),
            self.libxmlsec1_2k.both(),
            self.xmlsec_2k(),
            self.ours_20k.both(),
            self.libxmlsec1_20k.both(),
            self.xmlsec_20k(),
            self.broker.cpu_us,
            self.santuario,
            self.over_santuario()
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { connections, seconds, operations, cores, rivals, optimised } = &self.conditions;
        writeln!(f, "Signed SOAP beside {rivals}: P-256, SHA-256, {cores} cores, all on this machine.")?;
        writeln!(f, "Medians of {} rounds; {operations} operations of each kind in a round.\n", self.rounds)?;
        writeln!(f, "{:<34}{:>12}{:>12}{:>12}", "CPU, µs", "verify", "sign", "both")?;
        for (name, work) in [
            ("ours, 2 KB", self.ours_2k),
            ("libxmlsec1, 2 KB", self.libxmlsec1_2k),
            ("Santuario, 2 KB", self.santuario_2k),
            ("ours, 20 KB", self.ours_20k),
            ("libxmlsec1, 20 KB", self.libxmlsec1_20k),
        ] {
            writeln!(f, "{name:<34}{:>12.0}{:>12.0}{:>12.0}", work.verify, work.sign, work.both())?;
        }
        writeln!(f, "\n{connections} connections, {seconds} s in a round, whole requests with transport and log:\n")?;
        for (name, value) in [
            ("requests per second", self.broker.rps),
            ("the broker's CPU per request, µs", self.broker.cpu_us),
            ("the host's, µs", self.broker.stub_cpu_us),
            ("the generator's, µs", self.broker.generator_cpu_us),
            ("latency p50, µs", self.broker.p50_us),
            ("latency p99, µs", self.broker.p99_us),
            ("Santuario, 2 × verify + sign, µs", self.santuario_exchange),
        ] {
            writeln!(f, "{name:<34}{value:>12.0}")?;
        }
        let met = |met: bool| if met { "met" } else { "missed" };
        let (small, large, whole) = (self.xmlsec_ratio_2k, self.xmlsec_ratio_20k, self.santuario_ratio);
        writeln!(
            f,
            "\nlibxmlsec1 over ours, 2 KB    {small:>7.2}×   goal: at least {XMLSEC_2K_GOAL}×  ({})",
            met(small >= XMLSEC_2K_GOAL)
        )?;
        writeln!(
            f,
            "libxmlsec1 over ours, 20 KB   {large:>7.2}×   goal: at least {XMLSEC_20K_GOAL}× ({})",
            met(large >= XMLSEC_20K_GOAL)
        )?;
        write!(
            f,
            "whole request over Santuario  {whole:>7.3}×   goal: at most {SANTUARIO_GOAL}× ({})",
            met(whole <= SANTUARIO_GOAL)
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
    use std::time::Duration;

    use super::*;
    use crate::role::Measured;

    #[test]
    fn ratios_are_those_of_the_medians() {
        let broker = || {
            let measured = Measured { requests: 1000, p50_us: 10, p99_us: 20 };
            let cpu = Duration::from_millis(300);
            Sample::of(&measured, Duration::from_secs(1), cpu, cpu, cpu).unwrap()
        };
        let round = |ours: f64| Round {
            ours_2k: Work { verify: ours, sign: ours },
            libxmlsec1_2k: Work { verify: 400.0, sign: 200.0 },
            ours_20k: Work { verify: ours * 2.0, sign: ours * 2.0 },
            libxmlsec1_20k: Work { verify: 500.0, sign: 500.0 },
            santuario_2k: Work { verify: 200.0, sign: 500.0 },
            santuario: 900.0,
            broker: broker(),
        };
        let conditions = Conditions {
            connections: 32,
            seconds: 4,
            operations: 100,
            cores: 2,
            rivals: "libxmlsec1-dev 1".to_owned(),
            optimised: true,
        };
        let report = Report::of(&[round(75.0), round(900.0), round(100.0)], conditions);
        assert!((report.xmlsec_ratio_2k - 3.0).abs() < 1e-9, "{}", report.xmlsec_ratio_2k);
        assert!((report.xmlsec_ratio_20k - 2.5).abs() < 1e-9, "{}", report.xmlsec_ratio_20k);
        assert!((report.santuario_ratio - 0.333).abs() < 1e-9, "{}", report.santuario_ratio);
        let text = report.to_string();
        assert!(text.contains("3.00×   goal: at least 3×  (met)") && !text.contains("missed"), "{text}");
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.contains("\"xmlsec_ratio_2k\":3.0,\"xmlsec_ratio_20k\":2.5,\"santuario_ratio\":0.333"), "{json}");
    }
}
