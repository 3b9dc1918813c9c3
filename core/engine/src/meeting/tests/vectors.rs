//! fixtures/meeting/vectors-1.json, made by an independent program (see the README beside it).

use serde::Deserialize;

use super::*;
use crate::meeting::message::number_of;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    title: String,
    shower: Card,
    scanner: Card,
    minutes: u32,
    t: MeetingSecret,
    #[serde(with = "crate::qr::octets")]
    nonce_b: [u8; 16],
    #[serde(with = "crate::qr::octets")]
    nonce_a: [u8; 16],
    meet_code: String,
    card_code: String,
    token: String,
    h: String,
    number: String,
    tag_1: String,
    tag_2: String,
    tag_3: String,
    tag_0: String,
    m1: String,
    m2: String,
    m3: String,
    burnt: String,
}

fn vectors() -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/meeting/vectors-1.json");
    serde_json::from_str::<File>(&std::fs::read_to_string(path).unwrap()).unwrap().vectors
}

fn hex(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(octets)
}

/// Gives exactly the octets it was given.
struct Scripted(Vec<u8>);

impl TryRng for Scripted {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!()
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!()
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0.drain(..out.len()).collect::<Vec<u8>>());
        Ok(())
    }
}

impl TryCryptoRng for Scripted {}

#[test]
fn codes_are_those_of_the_vectors() {
    for vector in vectors() {
        let card = vector.shower.clone();
        let meet = MeetCode { card: card.clone(), t: vector.t.clone(), minutes: vector.minutes };
        assert_eq!(meet.encode(), vector.meet_code, "{}", vector.title);
        assert_eq!(Code::parse(&vector.meet_code), Ok(Code::Meet(meet)), "{}", vector.title);
        let card = CardCode { card, minutes: vector.minutes };
        assert_eq!(card.encode(), vector.card_code, "{}", vector.title);
        assert_eq!(Code::parse(&vector.card_code), Ok(Code::Card(card)), "{}", vector.title);
    }
}

#[test]
fn a_whole_meeting_sends_the_octets_of_the_vectors() {
    for vector in vectors() {
        let title = &vector.title;
        let now = UnixTime::from_secs(u64::from(vector.minutes) * 60);
        let (a, b) = (Party::of(&vector.shower), Party::of(&vector.scanner));
        let proven = |party: &Party| Some(ProvenSender::assumed(party.address.as_str().into()));
        let nobody = People::new();

        let mut alice = Meetings::new(vector.shower.clone());
        let code = alice.show(now, &mut Scripted(vector.t.as_bytes().to_vec()));
        assert_eq!(code.encode(), vector.meet_code, "{title}");
        let mut bob = Meetings::new(vector.scanner.clone());
        let ScanOutcome::Meeting { id, number, actions } =
            bob.scan(&Code::Meet(code), now, &nobody, &mut Scripted(vector.nonce_b.to_vec()))
        else {
            panic!("{title}")
        };
        assert_eq!(
            (hex(&id.token), number.to_string()),
            (vector.token.clone(), vector.number.clone()),
            "{title}"
        );
        let [_, Action::Send(m1)] = &actions[..] else { panic!("{title}") };
        assert_eq!(hex(&m1.payload), vector.m1, "{title}");
        assert_eq!((&m1.to, m1.key), (&a.address, a.ek), "{title}");

        let from_bob = Envelope { payload: &m1.payload, from: &b.address, from_name: None };
        let mut unused = Scripted(vec![0; 16]);
        alice.receive_proven(&from_bob, &proven, now, &nobody, &mut unused).unwrap();
        let id = MeetingId { role: Role::Shower, ..id };
        let mut nonce = Scripted(vector.nonce_a.to_vec());
        let actions = alice.confirm_number(id, now, &nobody, &mut nonce).unwrap();
        let [Action::Send(m2)] = &actions[..] else { panic!("{title}") };
        assert_eq!(hex(&m2.payload), vector.m2, "{title}");
        assert_eq!((&m2.to, m2.key), (&b.address, b.ek), "{title}");

        let from_alice = Envelope { payload: &m2.payload, from: &a.address, from_name: None };
        let actions = bob.receive_proven(&from_alice, &proven, now, &nobody, &mut Scripted(vec![])).unwrap();
        let [Action::Met { .. }, Action::Send(m3)] = &actions[..] else { panic!("{title}") };
        assert_eq!(hex(&m3.payload), vector.m3, "{title}");

        let from_bob = Envelope { payload: &m3.payload, from: &b.address, from_name: None };
        let actions = alice.receive_proven(&from_bob, &proven, now, &nobody, &mut Scripted(vec![])).unwrap();
        assert!(matches!(&actions[..], [Action::Met { .. }]), "{title}");
    }
}

#[test]
fn hashes_tags_and_messages_are_those_of_the_vectors() {
    for vector in vectors() {
        let transcript = message::Transcript {
            shower: Party::of(&vector.shower),
            token: token_of(&vector.t),
            scanner: Party::of(&vector.scanner),
            nonce: vector.nonce_b,
            minutes: vector.minutes,
        };
        let hash = transcript.hash();
        assert_eq!(hex(&hash), vector.h, "{}", vector.title);
        assert_eq!(number_of(&vector.nonce_b).to_string(), vector.number);
        let tag = |label, nonce| hex(&message::tag(&vector.t, label, &hash, nonce));
        use message::Label;
        assert_eq!(tag(Label::One, None), vector.tag_1);
        assert_eq!(tag(Label::Two, Some(&vector.nonce_a)), vector.tag_2);
        assert_eq!(tag(Label::Three, Some(&vector.nonce_a)), vector.tag_3);
        assert_eq!(tag(Label::Burnt, None), vector.tag_0);
        for text in [&vector.m1, &vector.m2, &vector.m3, &vector.burnt] {
            let octets = data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
            assert_eq!(hex(&Message::decode(&octets).unwrap().encode()), **text);
        }
    }
}
