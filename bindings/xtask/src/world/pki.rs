//! Three certification authorities and what they issue, made by `openssl` at each start.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{At, Result};
use crate::run::{Said, call};

use super::{DOMAIN, display_name};

/// Paths of certificates and keys, all PEM.
#[derive(Debug, Clone)]
pub struct Pki {
    folder: PathBuf,
    issuing: Arc<Mutex<()>>,
    /// CA of the servers' TLS certificate; the accounts add it.
    pub server_ca: PathBuf,
    /// TLS certificate for `localhost` and `127.0.0.1`.
    pub server: PathBuf,
    /// Its key.
    pub server_key: PathBuf,
    /// CA of an organisation that certifies people for S/MIME.
    pub organisation_ca: PathBuf,
    /// CA of the timestamp authority.
    pub tsa_ca: PathBuf,
    /// Certificate of the timestamp authority (critical timeStamping EKU).
    pub tsa: PathBuf,
    /// Its key.
    pub tsa_key: PathBuf,
}

impl Pki {
    pub(super) fn make(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).at(folder)?;
        let at = |name: &str| folder.join(name);
        let pki = Self {
            folder: folder.to_owned(),
            issuing: Arc::new(Mutex::new(())),
            server_ca: at("server-ca.pem"),
            server: at("server.pem"),
            server_key: at("server.key"),
            organisation_ca: at("organisation-ca.pem"),
            tsa_ca: at("tsa-ca.pem"),
            tsa: at("tsa.pem"),
            tsa_key: at("tsa.key"),
        };
        pki.authority("server-ca", "/O=Countersign demo/CN=Demo server CA")?;
        pki.authority("organisation-ca", "/O=Example Works/CN=Example Works mail CA")?;
        pki.authority("tsa-ca", "/O=Countersign demo/CN=Demo timestamp CA")?;
        pki.issue("server-ca", "server", EC, "/O=Countersign demo/CN=localhost", SERVER)?;
        pki.issue("tsa-ca", "tsa", EC, "/O=Countersign demo/CN=Demo timestamp authority", TSA)?;
        Ok(pki)
    }

    /// A certificate of the organisation's CA for `person`; returns (certificate, key).
    /// RSA-2048: what most S/MIME programs at work have. A person has one certificate, however often this is asked.
    pub fn person(&self, person: &str) -> Result<(PathBuf, PathBuf)> {
        let _one_at_a_time = self.issuing.lock().unwrap_or_else(PoisonError::into_inner);
        let files = (self.folder.join(format!("{person}.pem")), self.folder.join(format!("{person}.key")));
        if files.0.is_file() {
            return Ok(files);
        }
        let subject = format!("/O=Example Works/CN={}", display_name(person));
        let extensions = format!(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n\
             extendedKeyUsage=emailProtection\nsubjectAltName=email:{person}@{DOMAIN}\n\
             subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        );
        self.issue("organisation-ca", person, RSA, &subject, &extensions)
    }

    /// A new self-signed CA that nobody knows: for tests with a wrong one. Returns its certificate.
    pub fn stranger_ca(&self) -> Result<PathBuf> {
        self.authority("stranger-ca", "/O=Somebody else/CN=Strange CA")?;
        Ok(self.folder.join("stranger-ca.pem"))
    }

    fn authority(&self, name: &str, subject: &str) -> Result<Said> {
        let extensions =
            ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign"];
        call("openssl")
            .within(&self.folder)
            .words("req -x509 -new -nodes -sha256 -days 30")
            .args(EC)
            .args(["-subj", subject, "-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
            .args(extensions.iter().flat_map(|extension| ["-addext", extension]))
            .ok()
    }

    fn issue(
        &self,
        authority: &str,
        name: &str,
        key: &[&str],
        subject: &str,
        extensions: &str,
    ) -> Result<(PathBuf, PathBuf)> {
        let extension_file = self.folder.join(format!("{name}.ext"));
        fs::write(&extension_file, extensions).at(&extension_file)?;
        let (certificate, private, request) =
            (format!("{name}.pem"), format!("{name}.key"), format!("{name}.csr"));
        call("openssl")
            .within(&self.folder)
            .words("req -new -nodes -sha256")
            .args(key)
            .args(["-subj", subject, "-keyout", &private, "-out", &request])
            .ok()?;
        call("openssl")
            .within(&self.folder)
            .words("x509 -req -sha256 -days 29 -CAcreateserial")
            .args(["-in", &request, "-out", &certificate])
            .args(["-CA", &format!("{authority}.pem"), "-CAkey", &format!("{authority}.key")])
            .arg("-extfile")
            .arg(&extension_file)
            .ok()?;
        Ok((self.folder.join(certificate), self.folder.join(private)))
    }
}

const EC: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA: &[&str] = &["-newkey", "rsa:2048"];

const SERVER: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n\
    subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

// RFC 3161 section 2.3: the key usage extension for timestamping, critical and alone.
const TSA: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
