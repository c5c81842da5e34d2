//! Contracts as a commit has them, read through the program `git`.
//!
//! No shell is involved. A ref is resolved to the id of a commit first, and only ids are passed on.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use choreograph_contracts::compat::MAX_DOCUMENT_BYTES;

use super::{Key, Past, Text, Versions};
use crate::{Failure, MAX_CONTRACT_FILES, MAX_CONTRACTS_BYTES, MAX_REF_BYTES, Problem};

/// Variables that a hook of git sets, and that would lead `git` to another place than the folder's own repository.
const HOOK_VARIABLES: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
];

/// What each fetch makes anew, so that no advice may lead to it: the next fetch makes it the work at hand itself, which breaks
/// nothing of itself.
const OF_LAST_FETCH: &str = "FETCH_HEAD";

/// The contracts of the folder `root` at the commit that `reference` names.
///
/// # Errors
///
/// A [`Failure`]: of usage if `reference` cannot be a ref, and otherwise with what to fetch.
pub fn from_git(root: &Path, reference: &str) -> Result<Past, Failure> {
    let git = Git { root };
    let label = format!("git:{reference}");
    // Before the first commit nothing is published: a hook is to let it pass.
    if reference == "HEAD" && git.is_unborn() {
        return Ok(Past { label, ..Past::default() });
    }
    let tip = git.commit(reference)?;
    let base = git.merge_base(&tip);
    let doubt = (base.is_none() && git.is_shallow()).then(|| {
        format!(
            "this clone is shallow, so that it is not known where this line of work left that of `{reference}`: if only that one \
             has gone on, deepen the clone with {}, and this finding is gone",
            deepen(reference)
        )
    });
    let mut versions = git.versions(&tip)?;
    let moved = git.moved(&tip, &versions)?;
    let from: BTreeSet<(String, Key)> = moved.iter().map(Entry::place).collect();
    versions.extend(git.texts(&tip, moved)?);
    let fork = base.filter(|base| *base != tip).map(|base| git.fork(&base, &from)).transpose()?;
    Ok(Past { label, versions, fork, doubt, ..Past::default() })
}

/// `git`, as seen from the folder of contracts.
struct Git<'a> {
    root: &'a Path,
}

impl Git<'_> {
    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new("git");
        // A file system monitor is a program that the repository's settings name: it has no part in reading commits.
        command.args(["-c", "core.fsmonitor=false"]).args(args).current_dir(self.root);
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        for name in HOOK_VARIABLES {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    fn output<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Output, Failure> {
        self.command(args).output().map_err(|error| no_git(&error))
    }

    /// The id of the commit that `reference` names.
    fn commit(&self, reference: &str) -> Result<String, Failure> {
        if !is_reference(reference) {
            let text = format!(
                "`git:{reference}` names no ref: give a branch, a tag or a commit, such as `git:origin/main`"
            );
            return Err(Failure::usage(text));
        }
        let name = format!("{reference}^{{commit}}");
        let output = self.output(["rev-parse", "--verify", "--end-of-options", &name])?;
        match text(&output.stdout) {
            id if output.status.success() && is_object_id(&id) => Ok(id),
            _ => Err(self.missing(reference, &text(&output.stderr))),
        }
    }

    /// Whether only a part of the history is here.
    fn is_shallow(&self) -> bool {
        let asked = self.output(["rev-parse", "--is-shallow-repository"]);
        asked.is_ok_and(|output| output.status.success() && text(&output.stdout) == "true")
    }

    /// Whether this is a repository in which nothing was committed yet.
    fn is_unborn(&self) -> bool {
        self.output(["rev-list", "--all", "--max-count=1"])
            .is_ok_and(|output| output.status.success() && output.stdout.is_empty())
    }

    /// Where the work at hand left the line of `tip`, if that is known here.
    fn merge_base(&self, tip: &str) -> Option<String> {
        let output = self.output(["merge-base", tip, "HEAD"]).ok()?;
        Some(text(&output.stdout)).filter(|id| output.status.success() && is_object_id(id))
    }

    fn missing(&self, reference: &str, said: &str) -> Failure {
        if !self.output(["rev-parse", "--git-dir"]).is_ok_and(|output| output.status.success()) {
            let root = self.root.display();
            return Failure::incomplete(format!("`{root}` is in no git repository that can be read: {said}"))
                .help("run it inside of the repository, or compare with a folder: `--against DIR`");
        }
        let failure = Failure::incomplete(format!("there is no commit `{reference}` here"));
        let shallow = self.is_shallow();
        // What is told from another commit cannot be fetched by that name.
        let relative = reference.ends_with("HEAD") || reference.contains(['~', '^', '@']);
        let branch = reference.strip_prefix("refs/remotes/").unwrap_or(reference).strip_prefix("origin/");
        let failure = match branch {
            _ if relative && shallow => failure,
            _ if relative => failure.help("`git log --oneline` lists the commits that are here"),
            // A clone of one branch takes no other under this name unless it is told to.
            Some(branch) => failure.help(format!("fetch it: {}", fetch(branch))),
            None if is_object_id(reference) => {
                failure.help(format!("fetch it: `git fetch origin {reference}`"))
            }
            None if reference.starts_with("refs/") => {
                failure.help(format!("fetch it: `git fetch origin {reference}:{reference}`"))
            }
            None => failure
                .help(format!("fetch it: {}, and compare with `git:origin/{reference}`", fetch(reference))),
        };
        if !shallow {
            return failure;
        }
        failure
            .help(format!("this clone is shallow; deepen it: {}", deepen(reference)))
            .help("in GitHub Actions: `fetch-depth: 0` of actions/checkout; in GitLab CI: the variable `GIT_DEPTH: 0`")
    }

    /// The contracts of the folder at the commit `id`.
    fn versions(&self, id: &str) -> Result<Versions, Failure> {
        let mut entries = self.entries(id, &["ls-tree", "-r", "-z", id, "--", "."])?;
        entries.retain(|entry| entry.folder.is_empty());
        self.texts(id, entries)
    }

    /// The contracts of the folder at the commit `id`, and those that lay at the places `from` which they were moved here.
    fn fork(&self, id: &str, from: &BTreeSet<(String, Key)>) -> Result<Versions, Failure> {
        let mut versions = self.versions(id)?;
        if !from.is_empty() {
            let mut entries = self.everywhere(id)?;
            entries.retain(|entry| from.contains(&entry.place()));
            versions.extend(self.texts(id, entries)?);
        }
        Ok(versions)
    }

    /// The contracts that the commit `id` has in another folder, where they are gone, and that lie in this one now: what was
    /// published there did not vanish by being moved. Of a folder that has lost all of them, the others as well.
    fn moved(&self, id: &str, known: &Versions) -> Result<Vec<Entry>, Failure> {
        let top = self.output(["rev-parse", "--show-toplevel"])?;
        let top = PathBuf::from(text(&top.stdout));
        let mut entries = self.everywhere(id)?;
        let here = |entry: &Entry| self.root.join(entry.key.path()).is_file();
        let gone = |entry: &Entry| !top.join(&entry.folder).join(entry.key.path()).exists();
        let of = |is: &dyn Fn(&Entry) -> bool| -> BTreeSet<String> {
            entries.iter().filter(|entry| is(entry)).map(|entry| entry.folder.clone()).collect()
        };
        let (left, kept) = (of(&|entry| here(entry) && gone(entry)), of(&|entry| !gone(entry)));
        entries.retain(|entry| {
            let with_all = || left.contains(&entry.folder) && !kept.contains(&entry.folder);
            !known.contains_key(&entry.key) && gone(entry) && (here(entry) || with_all())
        });
        Ok(entries)
    }

    /// Every file of the commit `id` that may be a contract's, in whatever folder of the repository.
    fn everywhere(&self, id: &str) -> Result<Vec<Entry>, Failure> {
        self.entries(id, &["ls-tree", "-r", "-z", "--full-tree", id])
    }

    fn entries(&self, id: &str, args: &[&str]) -> Result<Vec<Entry>, Failure> {
        let listed = self.output(args)?;
        if !listed.status.success() {
            return Err(Failure::incomplete(format!("git cannot list {id}: {}", text(&listed.stderr))));
        }
        Ok(listed.stdout.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    fn texts(&self, id: &str, entries: Vec<Entry>) -> Result<Versions, Failure> {
        if entries.is_empty() {
            return Ok(Versions::new());
        }
        if entries.len() > MAX_CONTRACT_FILES {
            let text =
                format!("commit {id} holds more than {MAX_CONTRACT_FILES} versions, and no more are read");
            return Err(Failure::input(Problem::new(text)));
        }
        let mut child = self
            .command(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| no_git(&error))?;
        let versions = read_texts(self.root, &mut child, id, entries);
        // Its pipes are closed by now: it ends by itself, or has.
        drop(child.wait());
        versions
            .map_err(|error| Failure::incomplete(format!("git cannot read the contracts of {id}: {error}")))
    }
}

/// Asks for the objects on one thread and reads them on this one, for either pipe may be full.
fn read_texts(root: &Path, child: &mut Child, id: &str, entries: Vec<Entry>) -> std::io::Result<Versions> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::Error::other("its pipes are missing"));
    };
    let asked: String = entries.iter().flat_map(|entry| [entry.object.as_str(), "\n"]).collect();
    std::thread::scope(|scope| {
        let asking = scope.spawn(move || stdin.write_all(asked.as_bytes()));
        let mut answers = BufReader::new(stdout);
        let mut versions = Versions::new();
        let mut left = MAX_CONTRACTS_BYTES;
        for Entry { folder, key, .. } in entries {
            let bytes = answer(&mut answers, &key)?;
            left = left.checked_sub(bytes.len()).ok_or_else(|| {
                std::io::Error::other(format!(
                    "they have more than {MAX_CONTRACTS_BYTES} bytes, and no more are read"
                ))
            })?;
            let folder = if folder.is_empty() { root } else { Path::new(&folder) };
            let name = format!("{} ({})", folder.join(key.path()).display(), &id[..id.len().min(SHORT_ID)]);
            versions.insert(key, Text { name, bytes });
        }
        drop(answers);
        match asking.join() {
            Ok(asked) => asked.map(|()| versions),
            Err(_) => Err(std::io::Error::other("the questions could not be written")),
        }
    })
}

/// How many digits of a commit's id are shown.
const SHORT_ID: usize = 10;

/// One answer of `cat-file --batch`: `<id> blob <bytes>`, the bytes, a line break.
fn answer(answers: &mut impl BufRead, key: &Key) -> std::io::Result<Vec<u8>> {
    let mut head = String::new();
    answers.read_line(&mut head)?;
    let size = head.trim_end().split(' ').nth(2).and_then(|size| size.parse::<usize>().ok());
    let size = size.ok_or_else(|| {
        std::io::Error::other(format!("unexpected answer `{}` for {}", head.trim_end(), key.path()))
    })?;
    if size > MAX_DOCUMENT_BYTES {
        let text = format!("{} has {size} bytes, and at most {MAX_DOCUMENT_BYTES} are read", key.path());
        return Err(std::io::Error::other(text));
    }
    let mut bytes = vec![0; size];
    answers.read_exact(&mut bytes)?;
    answers.read_exact(&mut [0])?;
    Ok(bytes)
}

/// A file of a commit that may be a contract's.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    object: String,
    /// The folder of contracts that it is in; empty for the one that is looked from.
    folder: String,
    key: Key,
}

impl Entry {
    /// Where it lies in the repository.
    fn place(&self) -> (String, Key) {
        (self.folder.clone(), self.key.clone())
    }
}

/// One entry of `ls-tree -r -z`: `<mode> blob <id>`, a tabulator, the path; if it is a contract's file.
fn entry(bytes: &[u8]) -> Option<Entry> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, path) = text.split_once('\t')?;
    let mut head = head.split(' ');
    let (mode, kind, object) = (head.next()?, head.next()?, head.next()?);
    let regular = mode.starts_with("100") && kind == "blob" && is_object_id(object);
    let (folder, file) = match path.rmatch_indices('/').nth(1) {
        Some((at, _)) => (path.get(..at)?, path.get(at + 1..)?),
        None => ("", path),
    };
    let (object, folder) = (object.to_owned(), folder.to_owned());
    Some(Entry { object, folder, key: Key::of_path(file)? }).filter(|_| regular)
}

/// The command that fetches a branch under a name which stays what it is.
fn fetch(branch: &str) -> String {
    format!("`git fetch origin {branch}:refs/remotes/origin/{branch}`")
}

/// What makes a shallow clone a whole one, and leaves `reference` what it is.
fn deepen(reference: &str) -> String {
    if reference.starts_with(OF_LAST_FETCH) {
        return format!(
            "`git fetch --unshallow origin BRANCH:refs/remotes/origin/BRANCH`, BRANCH being the one that you compare with, and \
             compare with `git:origin/BRANCH` from then on (that fetch makes `{OF_LAST_FETCH}` another commit)"
        );
    }
    "`git fetch --unshallow origin`".to_owned()
}

/// What may name a commit: no option, no range, no blanks, and nothing that git gives another meaning than a
/// name with `~` and `^` behind it.
fn is_reference(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~^@{}+#".contains(&byte) || !byte.is_ascii();
    !text.is_empty()
        && text.len() <= MAX_REF_BYTES
        && !text.starts_with('-')
        && !text.contains("..")
        && text.bytes().all(plain)
}

fn is_object_id(text: &str) -> bool {
    text.len() >= 40 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn no_git(error: &std::io::Error) -> Failure {
    Failure::incomplete(format!("git cannot be run: {error}"))
        .help("install git, or compare with a folder: `--against DIR`")
}

#[cfg(test)]
mod tests {
    use super::{Entry, entry, is_reference};
    use crate::past::Key;

    #[test]
    fn a_ref_is_no_option_and_no_range() {
        for good in ["main", "origin/main", "v1.0", "HEAD~2", "HEAD^", "feature/a+b", "@{upstream}"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "--help", "a..b", "a b", "a:b", "$(x)", "a;b", "a\nb", "*"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn entries_are_regular_files_of_contracts() {
        let object = "a".repeat(40);
        let line = |mode: &str, path: &str| format!("{mode} blob {object}\t{path}");
        let key = Key::of_path("a.b/1.0.json").unwrap();
        let found = |folder: &str| {
            Some(Entry { object: object.clone(), folder: folder.to_owned(), key: key.clone() })
        };
        assert_eq!(entry(line("100644", "a.b/1.0.json").as_bytes()), found(""));
        assert_eq!(entry(line("100644", "x/y/a.b/1.0.json").as_bytes()), found("x/y"));
        assert_eq!(entry(line("120000", "a.b/1.0.json").as_bytes()), None);
        assert_eq!(entry(line("100644", "README.md").as_bytes()), None);
    }
}
