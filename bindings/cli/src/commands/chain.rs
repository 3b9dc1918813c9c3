//! `chain`.

use client::{ChainPurpose, ChainQuestion, ChainReport, Demand, Material};

use super::files::{read, unreadable};
use super::material::{material, time};
use super::words::{codes, needs, reasons, revocation, why};
use crate::args::{ChainArgs, Cli, PurposeArg};
use crate::failure::Failure;
use crate::output::json;

pub(crate) fn run(cli: &Cli, arguments: &ChainArgs) -> Result<(), Failure> {
    let at = time(&arguments.when)?;
    let mut material = material(&arguments.trust, &arguments.untrusted, &arguments.status)?;
    let file = read(&arguments.leaf)?;
    let unreadable = |what: &dyn ToString| unreadable(&arguments.leaf, &file, what.to_string());
    let certificates = client::read_certificates(&file).map_err(|_| unreadable(&"no certificate"))?;
    let Some((leaf, _)) = certificates.split_first() else {
        return Err(unreadable(&"no certificate"));
    };
    // A file often holds the whole chain.
    material.add_untrusted(&file).map_err(|error| unreadable(&error))?;
    let question = ChainQuestion {
        purpose: match arguments.purpose {
            PurposeArg::Email => ChainPurpose::Email,
            PurposeArg::Any => ChainPurpose::Any,
        },
        at,
        policies: arguments.policy.clone(),
        explicit_policy: arguments.explicit_policy,
        inhibit_any: arguments.inhibit_any,
        inhibit_mapping: arguments.inhibit_mapping,
        demand: demand(arguments, &material),
    };
    let report = client::chain(leaf, &material, &question)
        .map_err(|error| Failure::Argument(format!("--policy: {error}")))?;
    if cli.json {
        json(&report)?;
    } else {
        print(&report);
    }
    if report.valid {
        return Ok(());
    }
    Err(Failure::DoesNotHold(format!("the certificate is not valid: {}", why(&report.reasons))))
}

fn demand(arguments: &ChainArgs, material: &Material) -> Demand {
    if arguments.require_status {
        Demand::Everywhere
    } else if arguments.allow_unknown {
        Demand::Nowhere
    } else {
        material.demand()
    }
}

fn print(report: &ChainReport) {
    say!("Valid:   {}", if report.valid { "yes" } else { "no" });
    reasons(&report.reasons);
    for status in &report.revocation {
        let reasons =
            if status.reasons.is_empty() { String::new() } else { format!(" ({})", codes(&status.reasons)) };
        say!("  {} revoked: {}{reasons}", status.sha256, revocation(status.state));
    }
    needs(&report.needs);
}
