//! What is wrong with a part, and when that leaves open what a message says (docs/protocols/mime.md).

use serde::Serialize;

use super::{Message, Part};

/// What is wrong with a part. The codes (`countersign mime --json`) are stable: a code is never renamed and never means
/// something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// multipart without boundary parameter, or whose boundary never occurs, or without any part.
    MissingBoundary,
    /// The closing boundary is missing.
    UnclosedMultipart,
    /// Two boundary parameters, or one in two forms.
    DuplicateBoundary,
    /// A boundary with characters that none may have, longer than 70, or written in a form that few programs read
    /// (RFC 2231, encoded-word, comment).
    BadBoundary,
    /// A line that begins with a boundary but goes on, or that would be a delimiter if a lone CR ended lines.
    DoubtfulDelimiter,
    /// A boundary occurs again behind its closing one.
    DelimiterAfterEnd,
    /// Content-Type occurs twice.
    DuplicateContentType,
    /// Content-Transfer-Encoding occurs twice.
    DuplicateTransferEncoding,
    /// Content-Disposition occurs twice.
    DuplicateDisposition,
    /// MIME-Version occurs twice.
    DuplicateMimeVersion,
    /// From, Subject or another field that may stand once occurs twice.
    DuplicateField,
    /// Two charset parameters, or one in two forms.
    DuplicateCharset,
    /// A parameter of Content-Type that decides what is shown or protected (format, delsp, start, type, protocol, smime-type,
    /// hp, hp-legacy-display, protected-headers, forwarded) occurs twice, or in the form of RFC 2231.
    DuplicateRule,
    /// Another parameter of Content-Type or Content-Disposition occurs twice in one form.
    DuplicateParameter,
    /// Content-Type that is no `type/subtype`.
    BadContentType,
    /// A comment beside the value of Content-Type, -Disposition or -Transfer-Encoding, or parameters of the last.
    DecoratedValue,
    /// The start of a multipart/related (RFC 2387) is not its first part.
    StartNotFirst,
    /// A quoted-string or comment in Content-Type, -Disposition or -Transfer-Encoding that never ends.
    UnterminatedParameter,
    /// A quoted-string, comment or angle bracket in an address field that never ends.
    UnterminatedAddress,
    /// A header line that is no field.
    BadHeader,
    /// A header line of white space only: a continuation (RFC 5322 section 4.2), or the end of the section to some programs.
    WhiteSpaceLine,
    /// A Content-* or MIME-Version field that only some programs take for one: white space before its colon, a folded
    /// name, white space before the first field.
    OddContentField,
    /// The same of another field.
    OddField,
    /// NUL in a header section.
    NulInHeader,
    /// A CR in a header section that no LF follows.
    BareCrInHeader,
    /// Octets in a header section that are not UTF-8 (RFC 6532).
    EightBitHeader,
    /// A header line of more than 998 octets (RFC 5322 section 2.1.1).
    OverlongHeaderLine,
    /// An unknown transfer encoding.
    UnknownEncoding,
    /// A multipart or message in base64, quoted-printable or the like (RFC 2045 section 6.4).
    EncodedComposite,
    /// Octets in base64 that it can't contain, data behind the padding, or an incomplete last group.
    BadBase64,
    /// A `=` in quoted-printable that encodes nothing, or 8-bit octets.
    BadQuotedPrintable,
    /// No uuencoded file where one is announced, or one that does not end.
    BadUuencode,
    /// 8-bit octets in a body that says 7bit.
    EightBitBody,
    /// NUL in a text that is neither encoded nor binary.
    NulInBody,
    /// A CR in a text that no LF follows.
    BareCr,
    /// Line ends CRLF and LF in one header section or in one text.
    MixedLineEnds,
    /// A line of more than 998 octets in a text that is not binary.
    OverlongLine,
    /// An unknown charset: the text is a guess.
    UnknownCharset,
    /// Octets that are not in the charset.
    BadCharset,
    /// 8-bit octets that are not UTF-8, in a text without a charset or in US-ASCII: what they stand for is a guess.
    GuessedCharset,
    /// A byte order mark that names another charset than Content-Type.
    ContradictoryCharset,
    /// message/partial: the content is spread over mails, which are not joined.
    PartialMessage,
    /// message/external-body: the content lies elsewhere, and is not fetched.
    ExternalBody,
    /// Deeper than [`MAX_DEPTH`](super::MAX_DEPTH): what is inside is not read.
    TooDeep,
}

impl Defect {
    /// Two programs could see different content, or the content at different places. What is not ambiguous is merely
    /// wrong: every program shows the same.
    pub fn is_ambiguous(self) -> bool {
        match self {
            Self::MissingBoundary
            | Self::UnclosedMultipart
            | Self::DuplicateBoundary
            | Self::BadBoundary
            | Self::DoubtfulDelimiter
            | Self::DelimiterAfterEnd
            | Self::DuplicateContentType
            | Self::DuplicateTransferEncoding
            | Self::DuplicateDisposition
            | Self::DuplicateCharset
            | Self::DuplicateRule
            | Self::BadContentType
            | Self::DecoratedValue
            | Self::StartNotFirst
            | Self::UnterminatedParameter
            | Self::BadHeader
            | Self::WhiteSpaceLine
            | Self::OddContentField
            | Self::NulInHeader
            | Self::BareCrInHeader
            | Self::UnknownEncoding
            | Self::EncodedComposite
            | Self::BadBase64
            | Self::BadQuotedPrintable
            | Self::BadUuencode
            | Self::NulInBody
            | Self::BareCr
            | Self::UnknownCharset
            | Self::GuessedCharset
            | Self::ContradictoryCharset
            | Self::PartialMessage
            | Self::ExternalBody
            | Self::TooDeep => true,
            Self::DuplicateMimeVersion
            | Self::DuplicateField
            | Self::DuplicateParameter
            | Self::UnterminatedAddress
            | Self::OddField
            | Self::EightBitHeader
            | Self::OverlongHeaderLine
            | Self::EightBitBody
            | Self::MixedLineEnds
            | Self::OverlongLine
            | Self::BadCharset => false,
        }
    }
}

/// A defect that leaves open what a message says.
#[derive(Clone, Copy, Debug)]
pub struct Ambiguity<'a> {
    /// Where it is.
    pub part: &'a Part,
    /// What it is.
    pub defect: Defect,
}

impl Message {
    /// The first ambiguous defect on the way from the root to the shown body ([`body_parts`](Self::body_parts)) and, when
    /// the root is a multipart/signed, to the signature; then of parts that could be the shown body themselves, since what
    /// they are is doubtful. Attachments and what is inside attached messages are off the way.
    ///
    /// A message in layers is asked once for each: as received, and as every layer decrypted or unwrapped. With an answer,
    /// its signature must not be called valid: the signer may have seen other content than the reader.
    pub fn ambiguity_on_path(&self) -> Option<Ambiguity<'_>> {
        let shown = self.body_parts();
        let is_signed = self.root().content_type == "multipart/signed";
        let on_path = |part: &Part| {
            std::ptr::eq(part, self.root())
                || shown
                    .iter()
                    .any(|body| part.entity.start <= body.entity.start && body.entity.end <= part.entity.end)
                || (is_signed && self.root().children.iter().any(|child| std::ptr::eq(child, part)))
        };
        let on_way = self.parts().into_iter().filter(|part| on_path(part)).find_map(Part::first_ambiguity);
        let mut rivals = Vec::new();
        if let Some(body) = shown.first() {
            collect_rivals(self.root(), body.entity.start, false, &mut rivals);
        }
        on_way.or_else(|| rivals.into_iter().find_map(Part::doubtful_kind))
    }
}

/// Leaves that stand before the shown body or beside it in an alternative.
fn collect_rivals<'a>(part: &'a Part, body: usize, in_alternative: bool, rivals: &mut Vec<&'a Part>) {
    if part.children.is_empty() || part.is_message() {
        if in_alternative || part.entity.start < body {
            rivals.push(part);
        }
        return;
    }
    let in_alternative = in_alternative || part.content_type == "multipart/alternative";
    part.children.iter().for_each(|child| collect_rivals(child, body, in_alternative, rivals));
}

impl Part {
    /// What leaves open whether it is text to be shown at all.
    fn doubtful_kind(&self) -> Option<Ambiguity<'_>> {
        let is_about_kind = |defect: &Defect| {
            matches!(
                defect,
                Defect::DuplicateContentType
                    | Defect::DuplicateDisposition
                    | Defect::BadContentType
                    | Defect::DecoratedValue
                    | Defect::OddContentField
            )
        };
        let defect = self.defects.iter().copied().find(is_about_kind)?;
        Some(Ambiguity { part: self, defect })
    }

    /// The first ambiguous defect of this part itself.
    pub fn first_ambiguity(&self) -> Option<Ambiguity<'_>> {
        let defect = self.defects.iter().copied().find(|defect| defect.is_ambiguous())?;
        Some(Ambiguity { part: self, defect })
    }
}
