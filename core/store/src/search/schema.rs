//! The fields of an index, and what a query asks of them.

use std::ops::Bound;

use engine::search::{Clause, Document, Field as Named, MailId, Query, Words, tokens};
use tantivy::query::{
    AllQuery, BooleanQuery, InvertedIndexRangeQuery, PhrasePrefixQuery, PhraseQuery, Query as Condition,
    TermQuery,
};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use tantivy::{Index, TantivyDocument, Term};

/// Of the last word of a phrase that is being typed, so many words that begin with it are looked up in each field.
const MAX_PHRASE_ENDS: u32 = 1000;
const TOKENIZER: &str = "mail";
pub(super) const DATE: &str = "date";
pub(super) const TIE: &str = "tie";
const HAS_ATTACHMENT: &str = "has:attachment";

#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) id: Field,
    /// What is true of the mail as a whole: its folder, that it has attachments.
    facts: Field,
    date: Field,
    tie: Field,
    from: Field,
    to: Field,
    subject: Field,
    text: Field,
    files: Field,
}

pub(super) fn schema() -> (Schema, Fields) {
    let indexed = |tokenizer, record| {
        let indexing = TextFieldIndexing::default();
        let indexing = indexing.set_tokenizer(tokenizer).set_index_option(record).set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing)
    };
    let whole = indexed("raw", IndexRecordOption::Basic);
    let words = indexed(TOKENIZER, IndexRecordOption::WithFreqsAndPositions);
    let mut schema = Schema::builder();
    let fields = Fields {
        id: schema.add_text_field("id", whole.clone().set_stored()),
        facts: schema.add_text_field("facts", whole),
        date: schema.add_u64_field(DATE, FAST),
        tie: schema.add_u64_field(TIE, FAST),
        from: schema.add_text_field("from", words.clone()),
        to: schema.add_text_field("to", words.clone()),
        subject: schema.add_text_field("subject", words.clone()),
        text: schema.add_text_field("text", words.clone()),
        files: schema.add_text_field("files", words),
    };
    (schema.build(), fields)
}

pub(super) fn register(index: &Index) {
    index.tokenizers().register(TOKENIZER, TextAnalyzer::from(MailTokenizer));
}

impl Fields {
    pub(super) fn id_term(&self, id: &MailId) -> Term {
        Term::from_field_text(self.id, &id.to_string())
    }

    pub(super) fn document(&self, mail: Document) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_text(self.id, mail.id.to_string());
        document.add_text(self.facts, folder_fact(&mail.id.folder));
        if mail.has_attachment {
            document.add_text(self.facts, HAS_ATTACHMENT);
        }
        document.add_u64(self.date, mail.date.secs());
        document.add_u64(self.tie, tie(&mail.id));
        document.add_text(self.subject, mail.subject);
        document.add_text(self.text, mail.text);
        let lists = [
            (self.from, mail.from),
            (self.to, mail.to),
            (self.files, mail.file_names),
            (self.text, mail.file_texts),
        ];
        for (field, texts) in lists {
            texts.into_iter().for_each(|text| document.add_text(field, text));
        }
        document
    }

    fn fact(&self, fact: &str) -> Box<dyn Condition> {
        Box::new(TermQuery::new(Term::from_field_text(self.facts, fact), IndexRecordOption::Basic))
    }

    /// Words in the field they name, or in any one.
    fn words(&self, words: &Words) -> Box<dyn Condition> {
        let field = match words.field {
            Some(Named::From) => self.from,
            Some(Named::To) => self.to,
            Some(Named::Subject) => self.subject,
            None => {
                let all = [self.subject, self.text, self.from, self.to, self.files];
                return Box::new(BooleanQuery::union(all.map(|field| together(field, words)).into()));
            }
        };
        together(field, words)
    }
}

fn folder_fact(folder: &str) -> String {
    format!("in:{}", folder.to_lowercase())
}

/// Tells mails of one date apart: UID, and FNV-1a (32 bits) of the folder's name.
fn tie(id: &MailId) -> u64 {
    let fold = |hash: u32, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193);
    u64::from(id.uid) << 32 | u64::from(id.folder.bytes().fold(0x811c_9dc5, fold))
}

/// Of these dates, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub(super) from: u64,
    /// Not this one any more.
    pub(super) until: u64,
}

/// What the query asks for; `None` when it asks for nothing.
pub(super) fn condition(fields: &Fields, query: &Query) -> Option<(Box<dyn Condition>, Period)> {
    if query.clauses.is_empty() {
        return None;
    }
    let mut period = Period { from: 0, until: u64::MAX };
    let mut all: Vec<Box<dyn Condition>> = Vec::new();
    for clause in &query.clauses {
        match clause {
            Clause::Words(words) => all.push(fields.words(words)),
            Clause::HasAttachment => all.push(fields.fact(HAS_ATTACHMENT)),
            Clause::In(folder) => all.push(fields.fact(&folder_fact(folder))),
            Clause::Before(time) => period.until = period.until.min(time.secs()),
            Clause::After(time) => period.from = period.from.max(time.secs()),
        }
    }
    let condition: Box<dyn Condition> = match all.len() {
        0 => Box::new(AllQuery),
        1 => all.pop()?,
        _ => Box::new(BooleanQuery::intersection(all)),
    };
    Some((condition, period))
}

/// The words of one field, at their distances.
fn together(field: Field, words: &Words) -> Box<dyn Condition> {
    let term = |text: &str| Term::from_field_text(field, text);
    match (words.terms.as_slice(), words.prefix) {
        ([(_, only)], false) => Box::new(TermQuery::new(term(only), IndexRecordOption::Basic)),
        ([(_, only)], true) => {
            // No word holds the last code point, which is no character.
            let end = format!("{only}{}", char::MAX);
            Box::new(InvertedIndexRangeQuery::new(Bound::Included(term(only)), Bound::Excluded(term(&end))))
        }
        (several, prefix) => {
            let terms = several.iter().map(|(distance, text)| (*distance, term(text))).collect();
            if prefix {
                let mut phrase = PhrasePrefixQuery::new_with_offset(terms);
                phrase.set_max_expansions(MAX_PHRASE_ENDS);
                Box::new(phrase)
            } else {
                Box::new(PhraseQuery::new_with_offset(terms))
            }
        }
    }
}

/// The engine's rule, as tantivy wants it.
#[derive(Clone)]
struct MailTokenizer;

struct MailTokens {
    rest: std::vec::IntoIter<engine::search::Token>,
    current: Token,
}

impl Tokenizer for MailTokenizer {
    type TokenStream<'a> = MailTokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> MailTokens {
        MailTokens { rest: tokens(text).into_iter(), current: Token::default() }
    }
}

impl TokenStream for MailTokens {
    fn advance(&mut self) -> bool {
        let Some(token) = self.rest.next() else { return false };
        self.current.text = token.text;
        self.current.position = token.position;
        true
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}
