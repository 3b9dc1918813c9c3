//! A small real PDF, so that the demo needs no file from elsewhere.

use std::fmt::Write;

/// One A4 page with `lines` in Helvetica (PDF 1.4, ISO 32000-1 section 7.5). ASCII only.
pub fn page(title: &str, lines: &[&str]) -> Vec<u8> {
    let mut content = format!("BT /F1 20 Tf 72 760 Td ({}) Tj /F1 12 Tf\n", escape(title));
    for line in lines {
        // A write to a String does not fail.
        let _ = writeln!(content, "0 -24 Td ({}) Tj", escape(line));
    }
    content.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}endstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", pdf.len());
        let _ = write!(pdf, "{number} 0 obj\n{object}\nendobj\n");
    }
    let start = pdf.len();
    let size = objects.len() + 1;
    let _ = write!(
        pdf,
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    pdf.into_bytes()
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cross_reference_table_points_at_the_objects() {
        let pdf = String::from_utf8(page("Offer (4711)", &["one", "two"])).unwrap();
        assert!(pdf.contains("(Offer \\(4711\\)) Tj"));
        let (_, tail) = pdf.split_once("xref\n0 6\n").unwrap();
        for (number, line) in (0..).zip(tail.lines().take(6)).skip(1) {
            assert_eq!(line.len(), 19, "20 bytes an entry with its line end");
            let offset: usize = line.get(..10).unwrap().parse().unwrap();
            assert!(pdf.get(offset..).unwrap().starts_with(&format!("{number} 0 obj\n")), "{number}");
        }
        let (_, start) = pdf.split_once("startxref\n").unwrap();
        let start: usize = start.lines().next().unwrap().parse().unwrap();
        assert!(pdf.get(start..).unwrap().starts_with("xref\n"));
    }
}
