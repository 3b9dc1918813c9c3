//! What folders are for: SPECIAL-USE (RFC 6154), else usual names.

use super::names::MailboxName;

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// INBOX.
    Inbox,
    /// Sent mail.
    Sent,
    /// Drafts.
    Drafts,
    /// Deleted mail.
    Trash,
    /// Spam.
    Junk,
    /// Mail that is done with.
    Archive,
    /// All mail: each one lies in another folder too.
    All,
    /// Flagged mail: each one lies in another folder too.
    Flagged,
}

/// A folder as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name.
    pub name: MailboxName,
    /// What separates the steps of its path.
    pub delimiter: Option<char>,
    /// It can be opened.
    pub is_selectable: bool,
    /// Its owner wants to see it; also when the server can't say.
    pub is_subscribed: bool,
    /// What it is for, by SPECIAL-USE or, after [`assign_roles`], by its name.
    pub role: Option<Role>,
}

impl FolderEntry {
    /// From the parts of a LIST answer.
    pub fn listed(name: MailboxName, delimiter: Option<char>, attributes: &[String]) -> Self {
        let has = |word: &str| attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(word));
        let role = USES.iter().find(|(attribute, _)| has(attribute)).map(|(_, role)| *role);
        FolderEntry {
            is_selectable: !has("\\Noselect") && !has("\\NonExistent"),
            is_subscribed: has("\\Subscribed"),
            role: if name == MailboxName::inbox() { Some(Role::Inbox) } else { role },
            name,
            delimiter,
        }
    }
}

const USES: [(&str, Role); 7] = [
    ("\\Sent", Role::Sent),
    ("\\Drafts", Role::Drafts),
    ("\\Trash", Role::Trash),
    ("\\Junk", Role::Junk),
    ("\\Archive", Role::Archive),
    ("\\All", Role::All),
    ("\\Flagged", Role::Flagged),
];

/// What servers and programs call them, in small letters, the likeliest first: Dovecot, Exchange, Gmail, Apple, QQ, 163, GMX, Web.de.
const USUAL: [(Role, &[&str]); 5] = [
    (
        Role::Sent,
        &[
            "sent",
            "sent items",
            "sent messages",
            "sent mail",
            "已发送",
            "已发送邮件",
            "已发邮件",
            "寄件備份",
            "寄件备份",
            "已傳送的郵件",
            "gesendet",
            "gesendete elemente",
            "gesendete objekte",
            "envoyés",
            "messages envoyés",
            "éléments envoyés",
            "enviados",
            "elementos enviados",
        ],
    ),
    (
        Role::Drafts,
        &[
            "drafts",
            "draft",
            "草稿箱",
            "草稿",
            "草稿夹",
            "草稿匣",
            "entwürfe",
            "entwurf",
            "brouillons",
            "borradores",
        ],
    ),
    (
        Role::Trash,
        &[
            "trash",
            "deleted items",
            "deleted messages",
            "bin",
            "已删除",
            "已删除邮件",
            "已刪除的郵件",
            "垃圾桶",
            "papierkorb",
            "gelöscht",
            "gelöschte elemente",
            "gelöschte objekte",
            "corbeille",
            "éléments supprimés",
            "papelera",
            "elementos eliminados",
        ],
    ),
    (
        Role::Junk,
        &[
            "junk",
            "spam",
            "junk e-mail",
            "junk email",
            "junk mail",
            "bulk mail",
            "垃圾邮件",
            "垃圾郵件",
            "垃圾箱",
            "spamverdacht",
            "junk-e-mail",
            "unerwünscht",
            "unerwünschte werbung",
            "courrier indésirable",
            "correo no deseado",
        ],
    ),
    (Role::Archive, &["archive", "archives", "归档", "存档", "封存", "archiv", "archivo"]),
];

/// Paths that the usual names may stand under.
const ROOTS: [&str; 3] = ["inbox", "[gmail]", "[google mail]"];

/// Gives every role to one folder at most: SPECIAL-USE first, then usual names at the top or under INBOX.
pub fn assign_roles(folders: &mut [FolderEntry]) {
    let mut taken = Vec::new();
    for folder in folders.iter_mut() {
        if let Some(role) = folder.role {
            if folder.is_selectable && !taken.contains(&role) {
                taken.push(role);
            } else {
                folder.role = None;
            }
        }
    }
    for (role, names) in USUAL {
        if taken.contains(&role) {
            continue;
        }
        let rank = |folder: &FolderEntry| {
            let plain = usual_form(folder)?;
            names.iter().position(|name| *name == plain)
        };
        let candidates = folders.iter_mut().filter(|folder| folder.role.is_none() && folder.is_selectable);
        let best = candidates
            .filter_map(|folder| rank(folder).map(|rank| (rank, folder)))
            .min_by_key(|(rank, _)| *rank);
        if let Some((_, folder)) = best {
            folder.role = Some(role);
        }
    }
}

/// The name in small letters, without INBOX in front; `None` deeper in the tree.
fn usual_form(folder: &FolderEntry) -> Option<String> {
    let shown = folder.name.shown().to_lowercase();
    let Some(delimiter) = folder.delimiter else { return Some(shown) };
    match shown.split_once(delimiter) {
        None => Some(shown),
        Some((root, leaf)) if ROOTS.contains(&root) && !leaf.contains(delimiter) => Some(leaf.to_owned()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(wire: &str, attributes: &[&str]) -> FolderEntry {
        let attributes: Vec<String> = attributes.iter().map(|word| (*word).to_owned()).collect();
        FolderEntry::listed(MailboxName::from_wire(wire.as_bytes(), false).unwrap(), Some('/'), &attributes)
    }

    fn roles(mut folders: Vec<FolderEntry>) -> Vec<Option<Role>> {
        assign_roles(&mut folders);
        folders.into_iter().map(|folder| folder.role).collect()
    }

    #[test]
    fn what_the_server_says_comes_before_names() {
        let listed = vec![
            folder("inbox", &[]),
            folder("Sent", &[]),
            folder("Ausgang", &["\\HasNoChildren", "\\sent"]),
            folder("Other", &["\\Sent"]),
            folder("Trash", &["\\Noselect", "\\Trash"]),
            folder("Deleted Items", &[]),
        ];
        let expected = [Some(Role::Inbox), None, Some(Role::Sent), None, None, Some(Role::Trash)];
        assert_eq!(roles(listed), expected);
    }

    #[test]
    fn usual_names_in_three_languages() {
        let listed = vec![
            folder("&XfJT0ZAB-", &[]),
            folder("&g0l6P3ux-", &[]),
            folder("INBOX/Papierkorb", &[]),
            folder("[Gmail]/Spam", &[]),
            folder("Archiv", &[]),
            folder("Projects/Archive", &[]),
            folder("Projects/Sent", &[]),
            folder("Gesendet", &[]),
        ];
        let expected = [
            Some(Role::Sent),
            Some(Role::Drafts),
            Some(Role::Trash),
            Some(Role::Junk),
            Some(Role::Archive),
            None,
            None,
            None,
        ];
        assert_eq!(roles(listed), expected);
    }

    #[test]
    fn folders_that_cannot_be_opened_are_listed_as_such() {
        for attribute in ["\\Noselect", "\\NOSELECT", "\\NonExistent"] {
            assert!(!folder("a", &[attribute]).is_selectable);
        }
        let open = folder("a", &["\\Subscribed"]);
        assert!(open.is_selectable && open.is_subscribed && !folder("a", &[]).is_subscribed);
    }
}
