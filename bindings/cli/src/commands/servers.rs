//! The servers of a new account: named on the command line, or looked for.

use std::io::{IsTerminal, Write};

use client::{
    AccountConfig, Authentication, Candidate, CoreError, DiscoverOptions, DiscoverProblem, Discovery,
    EmailAddress, NetworkProblem, Offer, Provider, Security, Server, SignIn, Source, discover_and_wait,
};

use crate::args::{AddArgs, Cli};
use crate::failure::Failure;
use crate::output::line;

/// Where an account is, and as whom.
pub(crate) struct Servers {
    pub(crate) imap: Server,
    pub(crate) smtp: Server,
    pub(crate) login: String,
}

/// What the command line says; the rest is looked for, shown, and agreed to.
pub(crate) fn of(cli: &Cli, arguments: &AddArgs, config: &AccountConfig) -> Result<Servers, Failure> {
    let named = |text: &Option<String>, port| text.as_deref().map(|text| server(text, port)).transpose();
    let (imap, smtp) = (named(&arguments.imap, 993)?, named(&arguments.smtp, 465)?);
    let address = &config.address;
    if let (Some(imap), Some(smtp)) = (&imap, &smtp) {
        let login = arguments.login.clone().unwrap_or_else(|| address.to_string());
        return Ok(Servers { imap: imap.clone(), smtp: smtp.clone(), login });
    }
    if cli.offline {
        let host = address.domain().to_owned();
        return Err(CoreError::Network { host, problem: NetworkProblem::Offline }.into());
    }
    let options =
        DiscoverOptions { ask_database: arguments.ask_database, tls_anchors: config.tls_anchors.clone() };
    let found = discover_and_wait(address.clone(), options)?;
    let Some(candidate) = choice(&found) else { return Err(Failure::NoServers(nothing(address, &found))) };
    let login = arguments.login.clone().unwrap_or_else(|| candidate.imap.login.clone());
    let imap = imap.unwrap_or_else(|| candidate.imap.server.clone());
    let smtp = smtp.unwrap_or_else(|| candidate.smtp.server.clone());
    let servers = Servers { imap, smtp, login };
    agree(cli, arguments, candidate, &servers)?;
    Ok(servers)
}

fn server(text: &str, default_port: u16) -> Result<Server, Failure> {
    Server::parse(text, default_port).ok_or_else(|| {
        Failure::Argument(format!(
            "{text:?} is not a server (expected HOST, HOST:PORT, or starttls://HOST:PORT)"
        ))
    })
}

/// The best candidate: one user name for both servers, for an account has one.
fn choice(found: &Discovery) -> Option<&Candidate> {
    let fits = |one: &&Candidate| one.imap.login == one.smtp.login;
    found.candidates.iter().find(fits).or_else(|| found.candidates.first())
}

/// Shows what was found, and asks. Nothing is sent to these servers before that.
fn agree(cli: &Cli, arguments: &AddArgs, candidate: &Candidate, servers: &Servers) -> Result<(), Failure> {
    let place = |server: &Server| {
        let tls = if server.security == Security::Tls { "TLS" } else { "STARTTLS" };
        format!("{}:{} ({tls})", server.host, server.port)
    };
    let (imap, smtp) = (place(&servers.imap), place(&servers.smtp));
    let used = |host: &&String| **host == servers.imap.host || **host == servers.smtp.host;
    let foreign: Vec<&str> = candidate.foreign.iter().filter(used).map(String::as_str).collect();
    if !cli.json {
        say!("Found {}:", source(candidate.source));
        say!("  IMAP  {imap}");
        say!("  SMTP  {smtp}");
        say!("  user  {}", line(&servers.login));
        for note in notes(candidate) {
            say!("{note}");
        }
        if !foreign.is_empty() {
            say!("Careful: {} does not belong to the domain, and DNS is not protected.", foreign.join(", "));
        }
    }
    if arguments.yes && foreign.is_empty() {
        return Ok(());
    }
    let may_ask = std::io::stdin().is_terminal() && !cli.json;
    if may_ask && confirmed()? {
        return Ok(());
    }
    let servers = format!("--imap {} --smtp {}", written(&servers.imap), written(&servers.smtp));
    Err(Failure::Argument(match (may_ask, foreign.is_empty()) {
        (true, _) => format!("nothing was made; name other servers, or these: {servers}"),
        (false, true) => format!("servers were found: give --yes to use them, or name them: {servers}"),
        (false, false) => format!(
            "servers were found, but {} does not belong to the domain; if they are right, name them: {servers}",
            foreign.join(", ")
        ),
    }))
}

fn confirmed() -> Result<bool, Failure> {
    let answer = answer_to("Use these? Your password is sent to them. [y/N] ")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// The line that is typed after this.
pub(super) fn answer_to(question: &str) -> Result<String, Failure> {
    say_part!("{question}");
    std::io::stdout().flush().ok();
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::file(std::path::Path::new("standard input"), &error))?;
    Ok(answer)
}

/// As [`Server::parse`] reads it.
fn written(server: &Server) -> String {
    let scheme = if server.security == Security::Tls { "tls" } else { "starttls" };
    format!("{scheme}://{}:{}", server.host, server.port)
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Known => "in the list of common hosts",
        Source::Domain => "at the domain itself",
        Source::Database => "in Thunderbird's database",
        Source::Dns => "in DNS",
        Source::Guess => "by trying usual names",
    }
}

/// What a person needs to know to sign in there.
fn notes(candidate: &Candidate) -> Vec<String> {
    let mut notes = Vec::new();
    match candidate.sign_in {
        Some(SignIn::AppPassword(page)) => {
            notes.push(format!("It wants a password made for this program alone: see {page}"));
        }
        Some(SignIn::AuthorizationCode(page)) => notes.push(format!(
            "It wants an authorization code (授权码) for a password; it is made, and IMAP switched on, at {page}"
        )),
        Some(SignIn::OAuth2(Provider::Google)) => notes.push(
            "It wants a password made for this program alone (see https://myaccount.google.com/apppasswords), or a login in the \
             browser (--oauth-client)."
                .to_owned(),
        ),
        Some(SignIn::OAuth2(Provider::Microsoft)) => notes.push(
            "It wants a login in the browser: give --oauth-client. A password may be refused.".to_owned(),
        ),
        None => {}
    }
    let only_oauth = |offer: &Offer| {
        !offer.authentication.is_empty()
            && offer.authentication.iter().all(|way| *way == Authentication::OAuth2)
    };
    if candidate.sign_in.is_none() && (only_oauth(&candidate.imap) || only_oauth(&candidate.smtp)) {
        notes.push("It offers only a login in the browser: see --oauth-client.".to_owned());
    }
    if candidate.imap.login != candidate.smtp.login {
        notes.push(format!(
            "The servers want different user names ({} to send); an account has one: see --login",
            line(&candidate.smtp.login)
        ));
    }
    notes
}

/// Why nothing was found.
fn nothing(address: &EmailAddress, found: &Discovery) -> String {
    let named = "name the servers with --imap and --smtp";
    let without_tls: Vec<&str> = found.without_tls().collect();
    if !without_tls.is_empty() {
        return format!(
            "{} answered, but without an encrypted connection, and nothing is sent without one; {named}",
            without_tls.join(", ")
        );
    }
    let why = match found.problems.first() {
        Some(DiscoverProblem::File { place, error }) => format!(" ({place}: {error})"),
        Some(DiscoverProblem::Place { error, .. }) => format!(" ({error})"),
        None => String::new(),
    };
    format!("no mail servers of {} were found{why}; {named}", address.domain())
}
