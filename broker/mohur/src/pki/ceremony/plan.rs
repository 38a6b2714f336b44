//! `mohur pki ceremony plan`.

use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser as Name;

use crate::output::{CliError, Output};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The domain, e.g. AZ.
    #[arg(long)]
    domain: String,
    /// Who gets a share, with commas between. The names stand in the transcript.
    #[arg(long, value_delimiter = ',', value_parser = Name::new(), required = true)]
    operators: Vec<String>,
    /// How many of them are needed.
    #[arg(long)]
    needed: u8,
    /// Where the revocation lists will lie.
    #[arg(long)]
    crl_url: Option<String>,
    /// Where the OCSP responder will answer.
    #[arg(long)]
    ocsp_url: Option<String>,
}

/// Prints the plan; `run` says what is wrong with it.
pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let operators: Vec<String> = args.operators.iter().map(|name| format!("\"{name}\"")).collect();
    let url = |name: &str, url: &Option<String>| match url {
        Some(url) => format!("{name} = \"{url}\"\n"),
        None => format!("# {name} = \"http://pki.example.az/…\"\n"),
    };
    let text = format!(
        "# The plan of the ceremony in which the root of {domain} is made. docs/ceremony.md says what each line means.\n\
         domain = \"{domain}\"\n\
         operators = [{operators}]\n\
         needed = {needed}\n\
         # The lives of certificates and of the root's revocation list.\n\
         root-days = 7300\n\
         authority-days = 1825\n\
         list-days = 180\n\
         # What certificates say about where their status is to be had.\n\
         {crl}{ocsp}\
         # Under which names alone the TLS CA and the Infrastructure CA may certify hosts.\n\
         # permitted-hosts = [\"gov.az\"]\n\
         # With `request = \"requests/tls-ca.csr\"` the key stays on the machine online that made it.\n\
         {authorities}",
        domain = args.domain,
        operators = operators.join(", "),
        needed = args.needed,
        crl = url("crl-url", &args.crl_url),
        ocsp = url("ocsp-url", &args.ocsp_url),
        authorities = ["tls-ca", "seal-ca", "infrastructure-ca", "officer-ca"]
            .map(|kind| format!("\n[[authority]]\nkind = \"{kind}\"\n"))
            .concat(),
    );
    out.say(text.trim_end(), &serde_json::json!({ "plan": text }));
    Ok(ExitCode::SUCCESS)
}
