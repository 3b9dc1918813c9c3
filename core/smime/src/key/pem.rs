//! Text form of keys (RFC 7468).

use zeroize::Zeroizing;

/// DER of the first block with one of these labels that is not encrypted (RFC 1421 headers mark those).
pub(super) fn first_block(pem: &[u8], labels: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(pem).ok()?;
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|line| line.strip_suffix("-----")) else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("-----END ")).collect();
        if labels.contains(&label) {
            let base64 = Zeroizing::new(body.concat());
            if let Ok(der) = data_encoding::BASE64.decode(base64.as_bytes()) {
                return Some(Zeroizing::new(der));
            }
        }
    }
    None
}
