//! Ways to log in (RFC 9051 section 6.2, RFC 4616, RFC 7628).

use super::scram::ScramHash;

/// What proves who one is.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    /// A password, perhaps one for this app alone.
    Password(&'a str),
    /// An access token of OAuth 2.
    Token(&'a str),
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// SCRAM: the password does not travel.
    Scram(ScramHash),
    /// PLAIN (RFC 4616).
    Plain,
    /// The command LOGIN.
    Login,
    /// OAUTHBEARER (RFC 7628).
    OauthBearer,
    /// XOAUTH2: Google's and Microsoft's form before the RFC.
    Xoauth2,
}

impl Mechanism {
    /// The name for AUTHENTICATE; `None` for the command.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Mechanism::Scram(ScramHash::Sha256) => Some("SCRAM-SHA-256"),
            Mechanism::Scram(ScramHash::Sha1) => Some("SCRAM-SHA-1"),
            Mechanism::Plain => Some("PLAIN"),
            Mechanism::Login => None,
            Mechanism::OauthBearer => Some("OAUTHBEARER"),
            Mechanism::Xoauth2 => Some("XOAUTH2"),
        }
    }
}

/// What a server offers for a secret, the strongest first; `offers` says whether it announced a capability.
pub fn mechanisms(secret: Secret<'_>, offers: impl Fn(&str) -> bool) -> Vec<Mechanism> {
    let known: &[Mechanism] = match secret {
        Secret::Password(_) => &[
            Mechanism::Scram(ScramHash::Sha256),
            Mechanism::Scram(ScramHash::Sha1),
            Mechanism::Plain,
            Mechanism::Login,
        ],
        Secret::Token(_) => &[Mechanism::OauthBearer, Mechanism::Xoauth2],
    };
    let offered = |mechanism: &&Mechanism| match mechanism.name() {
        Some(name) => offers(&format!("AUTH={name}")),
        None => !offers("LOGINDISABLED"),
    };
    known.iter().filter(offered).copied().collect()
}

/// The one message of PLAIN, OAUTHBEARER and XOAUTH2; `None` for others, and for a user or secret that can't travel in it.
pub fn initial_response(
    mechanism: Mechanism,
    user: &str,
    secret: Secret<'_>,
    host: &str,
    port: u16,
) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let message = match (mechanism, secret) {
        (Mechanism::Plain, Secret::Password(password)) => {
            if [user, password].iter().any(|text| text.is_empty() || text.contains('\0')) {
                return None;
            }
            format!("\0{user}\0{password}")
        }
        (Mechanism::OauthBearer, Secret::Token(token)) if fits(user, token) => {
            let user = user.replace('=', "=3D").replace(',', "=2C");
            format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
        }
        (Mechanism::Xoauth2, Secret::Token(token)) if fits(user, token) => {
            format!("user={user}\x01auth=Bearer {token}\x01\x01")
        }
        _ => return None,
    };
    Some(zeroize::Zeroizing::new(message.into_bytes()))
}

fn fits(user: &str, token: &str) -> bool {
    !user.is_empty()
        && !user.chars().any(char::is_control)
        && !token.is_empty()
        && token.bytes().all(|o| o.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: Secret<'_> = Secret::Password("tanstaaftanstaaf");
    const TOKEN: Secret<'_> = Secret::Token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");

    #[test]
    fn the_strongest_that_is_offered_comes_first() {
        let offered =
            |words: &'static str, secret| mechanisms(secret, |word| words.split(' ').any(|w| w == word));
        let all = "AUTH=PLAIN AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256 AUTH=XOAUTH2 AUTH=OAUTHBEARER";
        assert_eq!(
            offered(all, PASSWORD),
            [
                Mechanism::Scram(ScramHash::Sha256),
                Mechanism::Scram(ScramHash::Sha1),
                Mechanism::Plain,
                Mechanism::Login
            ]
        );
        assert_eq!(offered(all, TOKEN), [Mechanism::OauthBearer, Mechanism::Xoauth2]);
        assert_eq!(offered("LOGINDISABLED", PASSWORD), []);
        assert_eq!(offered("", PASSWORD), [Mechanism::Login]);
        assert_eq!(offered("", TOKEN), [], "a token is never sent as a password");
    }

    #[test]
    fn messages_of_the_rfcs() {
        let message = |mechanism, secret| {
            initial_response(mechanism, "user@example.com", secret, "server.example.com", 143)
        };
        assert_eq!(
            message(Mechanism::Plain, PASSWORD).unwrap().as_slice(),
            b"\0user@example.com\0tanstaaftanstaaf"
        );
        // RFC 7628 section 4.1.
        let bearer = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
        assert_eq!(data_encoding::BASE64.encode(&message(Mechanism::OauthBearer, TOKEN).unwrap()), bearer);
        assert_eq!(
            message(Mechanism::Xoauth2, TOKEN).unwrap().as_slice(),
            b"user=user@example.com\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
        );
        assert!(
            message(Mechanism::Plain, TOKEN).is_none() && message(Mechanism::Xoauth2, PASSWORD).is_none()
        );
    }

    #[test]
    fn what_would_break_out_of_a_message_is_not_sent() {
        let plain =
            |user, password| initial_response(Mechanism::Plain, user, Secret::Password(password), "h", 1);
        assert!(plain("a\0b", "p").is_none() && plain("a", "p\0q").is_none() && plain("", "p").is_none());
        for (user, token) in [("a\x01auth=x", "t"), ("a", "t\x01"), ("a", "t t"), ("a", ""), ("", "t")] {
            for mechanism in [Mechanism::OauthBearer, Mechanism::Xoauth2] {
                assert!(initial_response(mechanism, user, Secret::Token(token), "h", 1).is_none());
            }
        }
        let escaped = initial_response(Mechanism::OauthBearer, "a,b=c", Secret::Token("t"), "h", 1).unwrap();
        assert!(escaped.starts_with(b"n,a=a=2Cb=3Dc,\x01"));
    }
}
