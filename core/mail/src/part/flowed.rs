//! format=flowed (RFC 3676), undone.

/// Joins flowed lines of one quote depth, takes space-stuffing away. Quoted lines start with `>` for each depth and a
/// space. With `delsp`, the space at which a line was broken goes too.
pub(super) fn unwrap(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Depth of the paragraph that the next line may continue.
    let mut open: Option<usize> = None;
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let stuffed = line.trim_start_matches('>');
        let depth = line.len() - stuffed.len();
        let content = stuffed.strip_prefix(' ').unwrap_or(stuffed);
        let signature = content == "-- ";
        if lines.peek().is_none() && line.is_empty() {
            if open.is_some() {
                out.push('\n');
            }
            break;
        }
        let continues = open == Some(depth) && !signature;
        if !continues {
            if open.is_some() {
                out.push('\n');
            }
            start_line(&mut out, depth);
        }
        let flowed = content.ends_with(' ') && !signature && lines.peek().is_some();
        out.push_str(if flowed && delsp { content.strip_suffix(' ').unwrap_or(content) } else { content });
        open = flowed.then_some(depth);
        if !flowed && lines.peek().is_some() {
            out.push('\n');
        }
    }
    out
}

fn start_line(out: &mut String, depth: usize) {
    if depth > 0 {
        out.extend(std::iter::repeat_n('>', depth));
        out.push(' ');
    }
}
