//! The evidence pack, first form (DESIGN section 8): original signed octets, signatures, tokens, anchors and instructions
//! that need nothing but OpenSSL.

use std::collections::BTreeMap;
use std::fmt::Write;

use smime::signed::SignedData;
use smime::{Certificate, UnixTime};

use crate::approval::{EvidenceItem, PersonView, RequestView};

/// One file of a pack: path within it, octets.
pub type PackFile = (String, Vec<u8>);

/// All files of the pack for a request.
///
/// `timestamp_anchors` are the certificates that the tokens lead to. `now` is written into the instructions.
pub fn pack(
    view: &RequestView,
    items: &[EvidenceItem],
    timestamp_anchors: &[Certificate],
    now: UnixTime,
) -> Vec<PackFile> {
    let mut files = BTreeMap::new();
    let mut instructions = introduction(view, now);
    for person in &view.people {
        let pem: String = person.anchor_certificates.iter().map(Certificate::to_pem).collect();
        files.insert(anchor_path(person), pem.into_bytes());
    }
    let pem: String = timestamp_anchors.iter().map(Certificate::to_pem).collect();
    files.insert("tsa.pem".to_owned(), pem.into_bytes());
    for item in items {
        add_item(view, item, &mut files, &mut instructions);
    }
    instructions.push_str(CLOSING);
    files.insert("README.txt".to_owned(), instructions.into_bytes());
    if let Ok(json) = serde_json::to_vec_pretty(view) {
        files.insert("events.json".to_owned(), json);
    }
    files.into_iter().collect()
}

fn add_item(
    view: &RequestView,
    item: &EvidenceItem,
    files: &mut BTreeMap<String, Vec<u8>>,
    instructions: &mut String,
) {
    let Some(person) = view.people.iter().find(|person| person.number == item.author) else { return };
    let stem = format!("{:02}-{}", item.number, item.kind.name());
    let judged = item.time.or_else(|| claimed_time(&item.raw.signed));
    let time = judged.map(|time| format!(" -attime {}", time.secs())).unwrap_or_default();
    // A pinned certificate that is no CA ends the path itself; OpenSSL must be told so.
    let is_root =
        person.anchor_certificates.iter().all(|anchor| anchor.is_ca() && anchor.is_signed_by(anchor));
    let partial = if is_root { "" } else { " -partial_chain" };
    let anchor = anchor_path(person);

    files.insert(format!("{stem}.p7m"), item.raw.signed.clone());
    files.insert(format!("{stem}.sig"), item.signature.clone());
    let content = match &item.raw.detached_content {
        Some(content) => {
            files.insert(format!("{stem}.eml"), content.clone());
            format!(" -content {stem}.eml")
        }
        None => String::new(),
    };
    let counted = if item.counted { "counted" } else { "not counted for the outcome" };
    let _ = writeln!(instructions, "\n{stem}: signed by {} ({counted})", person.address);
    let _ = writeln!(
        instructions,
        "  openssl cms -verify -binary -inform DER -in {stem}.p7m{content} -CAfile {anchor}{partial}{time} -out {stem}.out"
    );
    match (&item.token, item.time) {
        (Some(token), Some(at)) => {
            files.insert(format!("{stem}.tst"), token.clone());
            let _ = writeln!(instructions, "  timestamp: {at}");
            let _ = writeln!(
                instructions,
                "  openssl ts -verify -token_in -in {stem}.tst -data {stem}.sig -CAfile tsa.pem -attime {}",
                at.secs()
            );
        }
        _ => instructions.push_str("  no trusted timestamp: the time is only claimed by the signer\n"),
    }
}

fn claimed_time(signed: &[u8]) -> Option<UnixTime> {
    SignedData::parse(signed).ok()?.signers().first()?.signing_time()
}

fn anchor_path(person: &PersonView) -> String {
    let plain: String = person
        .address
        .folded()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@') { c } else { '_' })
        .collect();
    format!("anchors/{:02}-{plain}.pem", person.number)
}

fn introduction(view: &RequestView, now: UnixTime) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Evidence of an approval by signed, time-stamped mail, exported {now}.");
    let _ = writeln!(text, "Subject: {}", view.subject);
    let _ = writeln!(text, "Request: {}", view.digest);
    let _ = writeln!(text, "Code:    {}", view.code);
    text.push_str(
        "\nEvery signature can be checked with OpenSSL 3 alone; run the commands below in this folder.\n\
         NN-kind.p7m  the original signed octets as they were sent (CMS SignedData, RFC 5652)\n\
         NN-kind.sig  the signature octets out of it: what the timestamp stamps\n\
         NN-kind.tst  the timestamp token (RFC 3161)\n\
         anchors/     the certificate that each participant's signature must lead to, as named in the signed request\n\
         tsa.pem      the certificate of the timestamp authority\n\
         events.json  the state as Countersign computes it from these events\n\
         \"Verification successful\" and \"Verification: OK\" are the answers of an unchanged pack.\n",
    );
    text
}

const CLOSING: &str = "
The decision stands in the signed content (NN-kind.out): in words, and as JSON in its last part. Compare the SHA-256
of a document with the one in the request's JSON. That an anchor belongs to a person is shown by how it was exchanged
(in person by QR code, or certified by the organisation), not by this pack.
";
