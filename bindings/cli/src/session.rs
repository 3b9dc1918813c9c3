//! One call of the program: home, vault, core, account, progress.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use client::{Account, Core, CoreConfig, CoreError, Event, Listener, OutboxState, Task, UndoneReason};

use crate::args::Cli;
use crate::failure::Failure;
use crate::output::Progress;
use crate::passphrase;
use crate::streams::{lent_core, write_error};
use client::ports::StoreError;

/// How long a call waits for another one to let go of the home.
const IN_USE_TRIES: u32 = 50;
const IN_USE_PAUSE: Duration = Duration::from_millis(100);

/// An unlocked core.
pub(crate) struct Session {
    pub(crate) core: Arc<Core>,
    /// Hears what happens, on the core of the process that owns the home.
    listener: Option<RefCell<Listener>>,
    pub(crate) json: bool,
    pub(crate) offline: bool,
    account: Option<String>,
}

impl Session {
    /// Unlocks the home. Only adding an account may make a new one.
    pub(crate) fn open(cli: &Cli, may_create: bool) -> Result<Self, Failure> {
        let home = home(cli)?;
        if !may_create && !home.join(client::vault::VAULT_FILE).exists() {
            return Err(Failure::NotFound(
                "there is no account here yet; `countersign account add` adds one",
            ));
        }
        if let Some(core) = lent_core() {
            let listener = RefCell::new(core.listen());
            return Ok(Session::on(core, Some(listener), cli));
        }
        let session = Session::locked(home, cli)?;
        // Another call may hold the home for a moment.
        for _ in 0..IN_USE_TRIES {
            match session.run(session.core.unlock()) {
                Err(Failure::Core(CoreError::Store(StoreError::InUse))) => std::thread::sleep(IN_USE_PAUSE),
                done => return done.map(|()| session),
            }
        }
        session.run(session.core.unlock())?;
        Ok(session)
    }

    fn on(core: Arc<Core>, listener: Option<RefCell<Listener>>, cli: &Cli) -> Self {
        Session { core, listener, json: cli.json, offline: cli.offline, account: cli.account.clone() }
    }

    /// With the vault open, and nothing else.
    fn locked(home: PathBuf, cli: &Cli) -> Result<Self, Failure> {
        let vault = passphrase::vault(&home, cli.passphrase_file.as_deref())?;
        let core = Core::new(CoreConfig { home, offline: cli.offline }, Arc::new(vault))?;
        Ok(Session::on(Arc::new(core), None, cli))
    }

    /// Opens what a woken process may use, beside whoever owns the home.
    pub(crate) fn open_woken(cli: &Cli) -> Result<Self, Failure> {
        let home = home(cli)?;
        let none = "nothing was synchronised here yet; `countersign sync` does";
        if !home.join(client::vault::VAULT_FILE).exists() {
            return Err(Failure::NotFound(none));
        }
        let session = Session::locked(home, cli)?;
        match session.run(session.core.unlock_woken()) {
            Err(Failure::Core(CoreError::NotFound(_))) => Err(Failure::NotFound(none)),
            done => done.map(|()| session),
        }
    }

    /// The account that is meant, or all.
    pub(crate) fn accounts(&self) -> Result<Vec<Account>, Failure> {
        let accounts = match &self.account {
            Some(_) => vec![self.account()?],
            None => {
                let names = self.core.accounts()?;
                names.iter().map(|name| self.core.account(Some(name))).collect::<Result<_, _>>()?
            }
        };
        if accounts.is_empty() {
            self.account()?;
        }
        Ok(accounts)
    }

    /// The account that is meant.
    pub(crate) fn account(&self) -> Result<Account, Failure> {
        Ok(self.core.account(self.account.as_deref())?)
    }

    /// Waits for a task; progress and events are shown on stderr.
    pub(crate) fn run<T: Send + 'static>(&self, task: Task<T>) -> Result<T, Failure> {
        self.run_without(task, |_| false)
    }

    /// As [`run`](Self::run), without notes on events that this step answers by itself.
    pub(crate) fn run_without<T: Send + 'static>(
        &self,
        task: Task<T>,
        is_answered: impl Fn(&Event) -> bool,
    ) -> Result<T, Failure> {
        let mut notes = Vec::new();
        if let Some(listener) = &self.listener {
            let result = task.wait();
            for event in listener.borrow_mut().heard().iter().filter(|event| !is_answered(event)) {
                notes.extend(note(event));
            }
            self.tell(notes);
            return Ok(result?);
        }
        let mut progress = Progress::new();
        let result = self.core.wait(task, |event| {
            progress.show(&event);
            if !is_answered(&event) {
                notes.extend(note(&event));
            }
        });
        progress.finish();
        self.tell(notes);
        Ok(result?)
    }

    fn tell(&self, notes: Vec<String>) {
        if !self.json {
            notes.iter().for_each(|note| write_error(note));
        }
    }

    /// Sends what is due; says what became of mail `number`.
    pub(crate) fn send_now(&self, account: &Account, number: u64) -> Result<(), Failure> {
        if self.offline {
            return Ok(());
        }
        // What became of this mail is said below.
        let is_own =
            |event: &Event| matches!(event, Event::OutboxStuck { number: stuck } if *stuck == number);
        let cause = match self.run_without(account.composer().flush(), is_own) {
            Ok(_) => None,
            Err(Failure::Core(error)) => Some(error),
            Err(other) => return Err(other),
        };
        let entries = account.composer().outbox()?;
        match entries.iter().find(|entry| entry.number == number).map(|entry| entry.state) {
            None | Some(OutboxState::Sent) => Ok(()),
            Some(OutboxState::Uncertain) => Err(Failure::Uncertain { number }),
            Some(OutboxState::Refused) => Err(Failure::Refused { number }),
            Some(OutboxState::TooLarge) => Err(Failure::TooLarge { number }),
            Some(_) => Err(Failure::NotSent { number, cause }),
        }
    }
}

pub(crate) fn home(cli: &Cli) -> Result<PathBuf, Failure> {
    if let Some(home) = &cli.home {
        return Ok(home.clone());
    }
    if let Some(home) = std::env::var_os("COUNTERSIGN_HOME") {
        return Ok(home.into());
    }
    let user = std::env::var_os("HOME")
        .ok_or_else(|| Failure::Argument("no home folder is known: give --home".to_owned()))?;
    Ok(PathBuf::from(user).join(".local/share/countersign"))
}

/// What a person at the terminal should be told.
pub(crate) fn note(event: &Event) -> Option<String> {
    match event {
        Event::Met { address } => Some(format!("{address} is met in person.")),
        Event::ChangedAnchor { address } => Some(format!(
            "Careful: a mail from {address} was signed under another key than the known one. Nothing was changed."
        )),
        Event::MeetingWarning { address } => Some(format!(
            "Careful: two people answered one code ({address}). Show a new code and scan again."
        )),
        Event::MeetingQuestion { address, number: Some(number), replaces: false } => Some(format!(
            "{address} scanned your code. Scan theirs (contact meet --camera), or, if their phone shows {number}: \
             contact meet --same-number {address}"
        )),
        Event::MeetingQuestion { address, replaces: true, .. } => Some(format!(
            "{address} is known with another key. If you agree to replace it: contact meet --replace {address}"
        )),
        Event::MeetingQuestion { address, .. } => {
            Some(format!("{address} scanned your code. Scan theirs: contact meet --camera"))
        }
        Event::OutboxStuck { number } => {
            Some(format!("Mail {number} in the outbox waits for you; see `countersign mail outbox`."))
        }
        Event::NoCopy { number } => {
            Some(format!("Mail {number} was sent, but the server took no copy into the folder of sent mail."))
        }
        Event::NoTimestamp { number } => {
            Some(format!("The timestamp authority gave no timestamp for mail {number}."))
        }
        Event::Undone { ids, why } if ids.is_empty() => {
            Some(format!("Something that you did to mail could not be done on the server: {}.", undone(*why)))
        }
        Event::Undone { ids, why } => Some(format!(
            "What you did to {} could not be done on the server: {}.",
            ids.join(", "),
            undone(*why)
        )),
        Event::CacheRebuilt => Some(
            "The stored mail was damaged and is fetched again; keys, people and approvals are whole."
                .to_owned(),
        ),
        Event::SearchRebuilt => {
            Some("The search index was damaged or lost, and is made again; no mail was touched.".to_owned())
        }
        Event::Superseded { id } => {
            Some(format!("Your decision was not sent: the request has ended meanwhile ({id})."))
        }
        Event::Progress { .. } | Event::Mail { .. } | Event::Approval { .. } => None,
    }
}

fn undone(why: UndoneReason) -> &'static str {
    match why {
        UndoneReason::Refused => "it refused",
        UndoneReason::NoSuchFolder => "it has no such folder",
        UndoneReason::OverQuota => "it has no room left for this mailbox",
        UndoneReason::ReadOnly => "the folder may only be read, or keeps no such marks",
        UndoneReason::Gone => "the mail was moved or deleted elsewhere before",
        UndoneReason::Unknown => "it can't be seen whether it was done; nothing was deleted",
    }
}
