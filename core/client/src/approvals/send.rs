//! Asking, deciding, and what is sent without being asked.

use std::collections::BTreeSet;

use engine::approval::{
    self, Attached, BuildError, Built, Carried, Due, EventId, KeyName, NewParticipant, NewRequest,
    NewTimestampAuthority, Outcome, PersonView, Program, RawEvent, RequestDigest, RequestView, Rule, Signer,
    Word,
};
use engine::outbox::Kind;
use engine::people::{Capabilities, People};
use engine::ports::{Batch, KeyRole, SignPurpose};
use mail::Mailbox;
use mail::compose::Attachment;
use smime::capabilities::rsa_transport;
use smime::{Certificate, EmailAddress};

use super::{Deciding, NewApproval, RequestRef, in_engine};
use crate::account::AccountInner;
use crate::composer::{Addressee, FileToSend, Outgoing, seal_to_certificate};
use crate::error::{CoreError, NotDecidable, WrongUse};
use crate::system::random_array;

/// Most automatic steps for one request in one synchronisation.
const MAX_AUTOMATIC: usize = 16;

fn from_build(error: BuildError) -> CoreError {
    match error {
        BuildError::NotNow => CoreError::WrongUse(WrongUse::NotDecidable(NotDecidable::NotYourTurn)),
        other => CoreError::WrongUse(WrongUse::Approval(other)),
    }
}

impl AccountInner {
    pub(super) async fn request_approval(&self, new: NewApproval) -> Result<RequestRef, CoreError> {
        if new.to.is_empty() {
            return Err(CoreError::WrongUse(WrongUse::NoRecipient));
        }
        let mut seen = BTreeSet::new();
        for address in new.to.iter().chain(&new.cc) {
            if !seen.insert(address.folded()) {
                return Err(CoreError::WrongUse(WrongUse::NamedTwice(address.to_string())));
            }
        }
        let people = self.people()?;
        let approvers = self.participants(&new.to, &people)?;
        let route = match new.deciding {
            Deciding::InOrder => approvers.into_iter().map(|person| (Rule::All, vec![person])).collect(),
            Deciding::All => vec![(Rule::All, approvers)],
            Deciding::Any => vec![(Rule::Any, approvers)],
            Deciding::AtLeast(n) => vec![(Rule::AtLeast { n }, approvers)],
        };
        let deadline = new.deadline.as_deref().map(str::parse).transpose();
        let authority = self.settings.authority.iter().flat_map(|authority| {
            let anchors = authority.anchors.iter().filter_map(|der| Certificate::from_der(der).ok());
            anchors.map(|anchor| NewTimestampAuthority { url: authority.url.clone(), anchor })
        });
        let built = approval::build_request(&NewRequest {
            nonce: random_array(),
            subject: new.subject,
            message: new.text,
            language: in_engine(self.settings.language),
            requester: self.own_participant()?,
            route,
            informed: self.participants(&new.cc, &people)?,
            allow: BTreeSet::new(),
            timestamps: authority.collect(),
            deadline: deadline.map_err(|_| CoreError::WrongUse(WrongUse::Deadline))?,
            documents: new.files.into_iter().map(attached).collect(),
        })
        .map_err(from_build)?;
        let addressees = self.request_addressees(&new.to, &people)?;
        let informed = self.request_addressees(&new.cc, &people)?;
        self.send_event(built, addressees, informed, None, false, None).await
    }

    fn own_participant(&self) -> Result<NewParticipant, CoreError> {
        Ok(NewParticipant {
            address: self.settings.address.clone(),
            name: self.settings.name.clone(),
            program: Program::Countersign,
            anchors: vec![self.own.root()?],
            encryption: self.own.encryption_certificates()?,
        })
    }

    /// Participants need certificates: a bare key from a QR code can't be handed on to the others.
    fn participants(
        &self,
        addresses: &[EmailAddress],
        people: &People,
    ) -> Result<Vec<NewParticipant>, CoreError> {
        let mut missing = Vec::new();
        let mut participants = Vec::new();
        for address in addresses {
            if *address == self.settings.address {
                participants.push(self.own_participant()?);
                continue;
            }
            let contact = people.get(address.folded());
            let read = |der: &Vec<u8>| Certificate::from_der(der).ok();
            let anchor = contact.and_then(|contact| contact.anchor_certificate.as_ref()).and_then(read);
            let encryption: Vec<Certificate> = contact
                .into_iter()
                .flat_map(|contact| &contact.encryption_certificates)
                .filter_map(read)
                .take(1)
                .collect();
            let (Some(contact), Some(anchor), false) = (contact, anchor, encryption.is_empty()) else {
                missing.push(address.to_string());
                continue;
            };
            // A personal root is what Countersign makes; everybody else answers by a signed reply.
            let is_personal = anchor.is_ca() && anchor.emails() == std::slice::from_ref(address);
            participants.push(NewParticipant {
                address: address.clone(),
                name: contact.name.clone().unwrap_or_default(),
                program: if is_personal { Program::Countersign } else { Program::Other },
                anchors: vec![anchor],
                encryption,
            });
        }
        if missing.is_empty() {
            Ok(participants)
        } else {
            Err(CoreError::WrongUse(WrongUse::NoCertificate(missing)))
        }
    }

    fn request_addressees(
        &self,
        addresses: &[EmailAddress],
        people: &People,
    ) -> Result<Vec<Addressee>, CoreError> {
        let others: Vec<EmailAddress> =
            addresses.iter().filter(|address| **address != self.settings.address).cloned().collect();
        let mut addressees = self.addressees(&others, true)?;
        for addressee in &mut addressees {
            addressee.capabilities = capabilities(people, &addressee.address);
        }
        Ok(addressees)
    }

    pub(super) async fn decide(
        &self,
        digest: RequestDigest,
        word: Word,
        comment: &str,
    ) -> Result<RequestRef, CoreError> {
        let view = self.view(digest)?;
        let person = self.decidable(&view)?;
        let certificate = self.own.approval_certificate()?;
        let signer = Signer { number: person.number, key: KeyName::of(&certificate) };
        let built = approval::build_decision(&view, signer, word, comment).map_err(from_build)?;
        self.answer_all(built, &view, signer.key, false).await
    }

    /// This account's person in a request that it can decide now.
    pub(super) fn decidable<'a>(&self, view: &'a RequestView) -> Result<&'a PersonView, CoreError> {
        let me = &self.settings.address;
        let refuse = |why| Err(CoreError::WrongUse(WrongUse::NotDecidable(why)));
        if !self.is_listed(view, &*self.people()?)? {
            return refuse(NotDecidable::UnknownRequester);
        }
        if !view.alarms_without(&self.held_requests()?).is_empty() {
            return refuse(NotDecidable::Doubtful);
        }
        match view.so_far {
            Outcome::Open => {}
            Outcome::Undecidable { .. } => return refuse(NotDecidable::Undecidable),
            Outcome::Approved { .. } | Outcome::Rejected { .. } => return refuse(NotDecidable::Ended),
            Outcome::Incomplete => {}
        }
        if view.person(me).is_some_and(|person| person.decision.is_some()) {
            return refuse(NotDecidable::Decided);
        }
        let (Some(person), true) = (view.person(me), view.may_decide(me)) else {
            return refuse(NotDecidable::NotYourTurn);
        };
        Ok(person)
    }

    /// What the app does on its own for every request: results, receipts, missing events.
    pub(crate) async fn automatic_approvals(&self) -> Result<(), CoreError> {
        for known in self.known_requests()? {
            for _ in 0..MAX_AUTOMATIC {
                if !self.automatic_step(known.digest).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// One automatic event; `false` when nothing is due (or can't be done now).
    async fn automatic_step(&self, digest: RequestDigest) -> Result<bool, CoreError> {
        let set = self.event_set(digest)?;
        let grounds = self.grounds()?;
        let context = grounds.context();
        let view = approval::evaluate(&set, &context);
        if view.request.is_none() || !self.is_listed(&view, &*self.people()?)? {
            return Ok(false);
        }
        let Some(me) = view.person(&self.settings.address).map(|person| person.number) else {
            return Ok(false);
        };
        let Some(due) = approval::automatic(&set, &view, &context, me).into_iter().next() else {
            return Ok(false);
        };
        let signer = Signer { number: me, key: KeyName::of(&self.own.mail_certificate()?) };
        let nothing = BTreeSet::new();
        let built = match due {
            Due::Result => approval::build_result(&view, signer),
            Due::RelayReply { event, signature, raw } => {
                let mut items = vec![Carried::Event(*raw)];
                match self.token(&signature).await {
                    Ok(token) => items.push(Carried::Token { id: event, token }),
                    // Without an authority a reply has no time at all; try again at the next synchronisation.
                    Err(_) if self.settings.authority.is_some() => return Ok(false),
                    Err(_) => {}
                }
                approval::build_relay(&view, signer, &items, &nothing)
            }
            Due::Ask { wants } => approval::build_relay(&view, signer, &[], &wants),
            Due::Answer { events } => {
                let items: Vec<Carried> = events.into_iter().map(Carried::Event).collect();
                approval::build_relay(&view, signer, &items, &nothing)
            }
        };
        let Ok(built) = built else { return Ok(false) };
        self.answer_all(built, &view, signer.key, true).await?;
        Ok(true)
    }

    /// Sends an event to everybody in the request, with the certificates that the request names.
    async fn answer_all(
        &self,
        built: Built,
        view: &RequestView,
        key: KeyName,
        automatic: bool,
    ) -> Result<RequestRef, CoreError> {
        let people = self.people()?;
        let mut to = Vec::new();
        let mut cc = Vec::new();
        for person in view.people.iter().filter(|person| person.address != self.settings.address) {
            let known = capabilities(&people, &person.address);
            let capabilities = match person.program {
                Program::Countersign => known.of_countersign(),
                Program::Other => known,
            };
            let addressee = Addressee {
                mailbox: Mailbox {
                    name: Some(person.name.clone()).filter(|name| !name.is_empty()),
                    address: person.address.to_string(),
                },
                address: person.address.clone(),
                seal_to: person
                    .encryption
                    .iter()
                    .map(|own| seal_to_certificate(own, rsa_transport(capabilities.set)))
                    .collect(),
                capabilities,
            };
            if person.informed { cc.push(addressee) } else { to.push(addressee) }
        }
        if to.is_empty() {
            to = std::mem::take(&mut cc);
        }
        let thread = self.known_request(built.digest)?.message_ids.into_iter().next();
        self.send_event(built, to, cc, thread, automatic, Some((view, key))).await
    }

    async fn send_event(
        &self,
        built: Built,
        to: Vec<Addressee>,
        cc: Vec<Addressee>,
        thread: Option<String>,
        automatic: bool,
        basis: Option<(&RequestView, KeyName)>,
    ) -> Result<RequestRef, CoreError> {
        let is_decision = built.key == KeyRole::Approval;
        let mut draft = self.draft(built.subject.clone(), built.text.clone());
        draft.to = to.iter().map(|addressee| addressee.mailbox.clone()).collect();
        draft.cc = cc.iter().map(|addressee| addressee.mailbox.clone()).collect();
        draft.in_reply_to = thread.clone();
        draft.references = thread.iter().cloned().collect();
        draft.auto_submitted = automatic.then(|| "auto-generated".to_owned());
        draft.attachments = built.attachments.iter().map(attachment).collect();
        draft.attachments.push(Attachment {
            name: Some(approval::PART_NAME.to_owned()),
            content_type: approval::CONTENT_TYPE.to_owned(),
            inline: true,
            bytes: built.json.clone(),
        });
        let mut known = self.known_request(built.digest)?;
        if thread.is_none() {
            known.message_ids.insert(draft.message_id.clone());
            known.subject = Some(built.subject.clone());
            known.participants =
                draft.to.iter().chain(&draft.cc).map(|one| one.address.to_lowercase()).collect();
            known.participants.insert(self.group().to_owned());
            known.is_encrypted = true;
        }
        let mut batch = Batch::default();
        let outgoing = Outgoing {
            // Filled in below: the id is that of the octets which are signed.
            kind: Kind::Ordinary,
            draft,
            addressees: [to, cc].concat(),
            encrypt: true,
            to_self: true,
            signer: built.key,
            purpose: if is_decision {
                SignPurpose::Approval { summary: built.subject.clone() }
            } else {
                SignPurpose::Mail
            },
            proof_of_approval: built.proof_of_approval,
            wants_timestamp: self.settings.authority.is_some(),
            wants_copy: true,
        };
        let request = built.digest.0;
        let kind = move |payload: &[u8]| Kind::Event { request, event: EventId::of(payload).0, is_decision };
        let enqueued = self.enqueue_as(outgoing, kind, &mut batch).await?;
        let raw = RawEvent {
            signed: enqueued.signed,
            detached_content: None,
            outer_from: Some(self.settings.address.clone()),
            auto_submitted: automatic,
        };
        self.put_event(&mut batch, &request, &raw)?;
        self.put_known(&mut batch, &known)?;
        let is_current = {
            let _commit = self.committing();
            // Signing took its time: had another event of this key been made meanwhile, the two would fork (rule 8).
            let is_current = match &basis {
                None => true,
                Some((before, key)) => {
                    let after = self.view(built.digest)?;
                    after.last_of_key.get(key) == before.last_of_key.get(key)
                        && (!is_decision || after.may_decide(&self.settings.address))
                }
            };
            if is_current {
                self.store()?.apply(batch)?;
            }
            is_current
        };
        if !is_current {
            self.remove_bodies(enqueued.item.number)?;
            return Err(CoreError::WrongUse(WrongUse::NotDecidable(NotDecidable::ChangedMeanwhile)));
        }
        let named = built.digest;
        Ok(RequestRef { id: named.to_string(), code: named.code().to_string(), outbox: enqueued.item.number })
    }
}

fn capabilities(people: &People, address: &EmailAddress) -> Capabilities {
    people.get(address.folded()).map(|contact| contact.capabilities).unwrap_or_default()
}

fn attached(file: FileToSend) -> Attached {
    Attached { name: file.name, content_type: file.content_type, bytes: file.bytes }
}

fn attachment(attached: &Attached) -> Attachment {
    Attachment {
        name: Some(attached.name.clone()),
        content_type: attached.content_type.clone(),
        inline: false,
        bytes: attached.bytes.clone(),
    }
}
