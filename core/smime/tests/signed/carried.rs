//! What a message carries beside content and signatures: certificates, revocation lists, timestamps.

use smime::ber::write;
use smime::key::SignatureAlgorithm;
use smime::oid;
use smime::signed::{SignError, SignedData, SignedDataError, SignedStream, add_timestamp, verify_signer};
use smime::verdict::Reason;

use crate::support::{Openssl, P256};
use crate::{CONTENT, request, sign};

/// Revocation lists come along as they are, in memory and as a stream, unless they are too many or too long.
#[test]
fn revocation_lists_are_handed_out_as_received() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    openssl.identity("alice", P256);
    openssl.write("index", b"");
    openssl
        .write("ca.cnf", b"[ca]\ndefault_ca=x\n[x]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=9\n");
    openssl.run("ca -config ca.cnf -gencrl -cert alice.crt -keyfile alice.key -out crl.pem");
    openssl.run("crl -in crl.pem -outform DER -out crl.der");
    openssl.run("crl2pkcs7 -in crl.pem -certfile alice.crt -outform DER -out signed");
    let message = openssl.read("signed");
    let signed = SignedData::parse(&message).unwrap();
    let list = openssl.read("crl.der");
    assert_eq!(signed.crls(), std::slice::from_ref(&list));
    assert_eq!((signed.certificates().len(), signed.signers().len()), (1, 0));
    let stream = SignedStream::read(&message[..]).unwrap();
    assert_eq!(stream.signed().crls(), signed.crls());

    // Several, an OCSP answer beside them, and forms that nobody knows.
    let with = |choices: &[u8]| {
        let structure = write::sequence(&[
            &write::small(5),
            &write::set_of(vec![]),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            &write::tlv(0xA1, choices),
            &write::set_of(vec![]),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&structure])])
    };
    let answer = write::sequence(&[&write::small(0)]);
    let other = |format: &const_oid::ObjectIdentifier| write::context(1, &[&write::oid(format), &answer]);
    let choices = [list.clone(), other(&oid::OCSP_RESPONSE_INFO), other(&oid::DATA), list.clone()].concat();
    let signed = SignedData::parse(&with(&choices)).unwrap();
    assert_eq!(signed.crls(), [list.clone(), list.clone()]);
    assert_eq!(signed.ocsp_responses(), [answer]);
    assert!(SignedData::parse(&with(&list.repeat(64))).is_ok());
    let error = SignedData::parse(&with(&list.repeat(65))).unwrap_err();
    assert_eq!(error, SignedDataError::Limit("64 CRLs and OCSP answers"));
    // A list of 3 MiB is passed over by the stream, which holds little, and what follows is still read.
    let long = write::sequence(&[&write::octet_string(&vec![0; 3 << 20])]);
    let message = with(&long);
    assert_eq!(SignedData::parse(&message).unwrap().crls(), [long]);
    assert!(SignedStream::read(&message[..]).unwrap().signed().crls().is_empty());
}

#[test]
fn certificates_beside_the_message_are_found() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let bob = openssl.identity("bob", P256);
    let message = openssl.cms_sign("-signer bob.crt -inkey bob.key -nocerts");
    let signed = SignedData::parse(&message).unwrap();
    assert!(signed.certificates().is_empty());
    assert_eq!(verify_signer(&signed, 0, CONTENT, &[]).unwrap_err(), Reason::NoSignerCertificate);
    assert!(verify_signer(&signed, 0, CONTENT, &[bob.certificate]).is_ok());
}

#[test]
fn a_timestamp_token_is_added_and_everything_else_stays() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let alice = openssl.identity("alice", P256);
    let mut requests = vec![sign(&alice, &request(&alice, SignatureAlgorithm::EcdsaP256Sha256, false))];
    for stream in ["", "-stream"] {
        requests.push(openssl.cms_sign(&("-nodetach -signer alice.crt -inkey alice.key", stream)));
    }
    let token = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::octet_string(b"a token")]);
    for message in requests {
        let before = SignedData::parse(&message).unwrap();
        assert_eq!(before.signers()[0].timestamp_token(), None);
        let stamped = add_timestamp(&message, 0, &token).unwrap();
        let after = SignedData::parse(&stamped).unwrap();
        let (old, new) = (&before.signers()[0], &after.signers()[0]);
        assert_eq!(new.timestamp_token(), Some(&token[..]));
        assert_eq!(
            (old.signature(), old.signed_attributes_der()),
            (new.signature(), new.signed_attributes_der())
        );
        assert_eq!(before.content(), after.content());
        let options = "-CAfile alice.crt -purpose any";
        assert_eq!(openssl.cms_verify(&stamped, options), CONTENT);
        assert!(openssl.cms_print(&stamped).contains("id-smime-aa-timeStampToken"));
        // A second token does not displace the first.
        let again = add_timestamp(&stamped, 0, &write::octet_string(b"another")).unwrap();
        assert_eq!(SignedData::parse(&again).unwrap().signers()[0].timestamp_token(), Some(&token[..]));
        openssl.cms_verify(&again, options);
    }
    assert_eq!(add_timestamp(b"no message", 0, &token).unwrap_err(), SignError::NotSigned);
    assert_eq!(add_timestamp(&token, 0, &token).unwrap_err(), SignError::NotSigned);
}
