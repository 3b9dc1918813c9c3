//! A document as the parser builds it, within limits.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ExpandedName, ParseOpts, QualName, local_name, ns, parse_fragment};

use super::{MAX_DEPTH, MAX_NODES};

/// Octets that are parsed before the limits are looked at again.
const STEP: usize = 4096;

/// A parsed body.
pub(super) struct Dom {
    nodes: Vec<Node>,
    /// In how many pieces the text came: a sanitiser that joins them takes the square of their number.
    pub(super) pieces: usize,
}

struct Node {
    parent: Option<usize>,
    children: Vec<usize>,
    depth: usize,
    kind: Kind,
}

/// What a node is.
pub(super) enum Kind {
    Element {
        name: Rc<QualName>,
        attributes: Vec<Attribute>,
    },
    Text(StrTendril),
    /// The document, comments, and what stands in templates.
    Other,
}

/// A step of a walk.
pub(super) enum Visit<'a> {
    Enter(&'a Kind),
    Leave(&'a Kind),
}

impl Visit<'_> {
    /// An attribute of the element.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (Visit::Enter(kind) | Visit::Leave(kind)) = self;
        let Kind::Element { attributes, .. } = kind else { return None };
        attributes.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
    }
}

impl Dom {
    /// Parses the content of a body; `None` when it exceeds the limits.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let div = QualName::new(None, ns!(html), local_name!("div"));
        let mut parser = parse_fragment(Sink::new(), ParseOpts::default(), div, Vec::new(), false);
        let mut rest = source;
        while !rest.is_empty() {
            let (step, after) = rest.split_at_checked(boundary(rest, STEP)).unwrap_or((rest, ""));
            parser.process(StrTendril::from(step));
            if parser.tokenizer.sink.sink.is_exceeded.get() {
                return None;
            }
            rest = after;
        }
        let (dom, is_exceeded) = parser.finish();
        (!is_exceeded).then_some(dom)
    }

    /// Goes through the tree in order. `visit` says of a node that is entered whether its children are wanted.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(Visit<'a>) -> bool) {
        let mut stack = vec![(0, false)];
        while let Some((index, is_left)) = stack.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            if is_left {
                visit(Visit::Leave(&node.kind));
            } else if visit(Visit::Enter(&node.kind)) {
                stack.push((index, true));
                stack.extend(node.children.iter().rev().map(|child| (*child, false)));
            }
        }
    }
}

/// The last boundary of a character at or before `at`, at least one character on.
fn boundary(text: &str, at: usize) -> usize {
    let at = (1..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    at.unwrap_or(text.len())
}

/// A node, by its number. Elements know their name.
#[derive(Clone)]
struct Handle {
    index: usize,
    name: Rc<QualName>,
}

struct Sink {
    nodes: RefCell<Vec<Node>>,
    is_exceeded: Cell<bool>,
    pieces: Cell<usize>,
    no_name: Rc<QualName>,
}

impl Sink {
    fn new() -> Self {
        let no_name = Rc::new(QualName::new(None, ns!(), local_name!("")));
        let document = Node { parent: None, children: Vec::new(), depth: 0, kind: Kind::Other };
        Sink {
            nodes: RefCell::new(vec![document]),
            is_exceeded: Cell::new(false),
            pieces: Cell::new(0),
            no_name,
        }
    }

    fn add(&self, kind: Kind) -> Handle {
        let mut nodes = self.nodes.borrow_mut();
        if nodes.len() >= MAX_NODES {
            self.is_exceeded.set(true);
        }
        let name = match &kind {
            Kind::Element { name, .. } => Rc::clone(name),
            Kind::Text(_) | Kind::Other => Rc::clone(&self.no_name),
        };
        nodes.push(Node { parent: None, children: Vec::new(), depth: 0, kind });
        Handle { index: nodes.len() - 1, name }
    }

    /// Puts a child before the one at `at`, or last.
    fn insert(&self, parent: usize, at: Option<usize>, child: NodeOrText<Handle>) {
        let child = match child {
            NodeOrText::AppendNode(node) => node.index,
            NodeOrText::AppendText(text) => {
                self.pieces.set(self.pieces.get() + 1);
                if self.joins_text(parent, at, &text) {
                    return;
                }
                self.add(Kind::Text(text)).index
            }
        };
        self.detach(child);
        let mut nodes = self.nodes.borrow_mut();
        let depth = nodes.get(parent).map_or(0, |node| node.depth) + 1;
        if depth > MAX_DEPTH {
            self.is_exceeded.set(true);
        }
        if let Some(node) = nodes.get_mut(child) {
            node.parent = Some(parent);
            node.depth = depth;
        }
        if let Some(node) = nodes.get_mut(parent) {
            let at = at.unwrap_or(node.children.len()).min(node.children.len());
            node.children.insert(at, child);
        }
    }

    /// Text that follows text becomes one with it.
    fn joins_text(&self, parent: usize, at: Option<usize>, text: &StrTendril) -> bool {
        let mut nodes = self.nodes.borrow_mut();
        let before = nodes.get(parent).and_then(|node| {
            let end = at.unwrap_or(node.children.len());
            node.children.get(end.checked_sub(1)?).copied()
        });
        match before.and_then(|index| nodes.get_mut(index)).map(|node| &mut node.kind) {
            Some(Kind::Text(earlier)) => {
                earlier.push_tendril(text);
                true
            }
            _ => false,
        }
    }

    fn detach(&self, child: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(parent) = nodes.get_mut(child).and_then(|node| node.parent.take()) else { return };
        if let Some(node) = nodes.get_mut(parent)
            && let Some(at) = node.children.iter().rposition(|other| *other == child)
        {
            node.children.remove(at);
        }
    }

    /// The parent of a node and its place there. What is looked for is nearly always one of the last.
    fn place(&self, node: usize) -> Option<(usize, usize)> {
        let nodes = self.nodes.borrow();
        let parent = nodes.get(node)?.parent?;
        let at = nodes.get(parent)?.children.iter().rposition(|other| *other == node)?;
        Some((parent, at))
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = (Dom, bool);
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self::Output {
        (Dom { pieces: self.pieces.get(), nodes: self.nodes.into_inner() }, self.is_exceeded.get())
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle { index: 0, name: Rc::clone(&self.no_name) }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        self.add(Kind::Element { name: Rc::new(name), attributes })
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.add(Kind::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.add(Kind::Other)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.index, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        match self.place(element.index) {
            Some((parent, at)) => self.insert(parent, Some(at), child),
            None => self.insert(previous.index, None, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// The content of a template is in no document: nobody sees it.
    fn get_template_contents(&self, _: &Handle) -> Handle {
        self.add(Kind::Other)
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.index == other.index
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, node: NodeOrText<Handle>) {
        if let Some((parent, at)) = self.place(sibling.index) {
            self.insert(parent, Some(at), node);
        }
    }

    fn add_attrs_if_missing(&self, _: &Handle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &Handle) {
        self.detach(target.index);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(children) = nodes.get_mut(node.index).map(|node| std::mem::take(&mut node.children)) else {
            return;
        };
        for child in &children {
            if let Some(child) = nodes.get_mut(*child) {
                child.parent = Some(new_parent.index);
            }
        }
        if let Some(parent) = nodes.get_mut(new_parent.index) {
            parent.children.extend(children);
        }
    }
}
