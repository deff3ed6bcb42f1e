//! Reads one file within its limits, or says whether one is there. Blocks.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use super::{
    failed::{Failed, Reason},
    page::Kind,
    walk::Found,
};

/// A page as it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// Relative to the tree's root.
    pub(crate) page: &'a str,
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
}

/// Appends a page of at most `max_bytes` to `text`, or leaves it as it was.
///
/// The size is checked before the file is read and while it is read, as it may grow.
pub(crate) fn read(
    root: &Path,
    found: &Found,
    max_bytes: u64,
    text: &mut String,
) -> Result<(), Failed> {
    let start = text.len();
    read_text(&root.join(&*found.page), max_bytes, text).map_err(|reason| {
        text.truncate(start);
        Failed { path: found.page.clone().into(), reason }
    })
}

fn read_text(path: &Path, max_bytes: u64, text: &mut String) -> Result<(), Reason> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(Reason::Unreadable(io::ErrorKind::IsADirectory));
    }
    let expected = metadata.len();
    if max_bytes < expected {
        return Err(Reason::TooLarge { bytes: expected, limit: max_bytes });
    }
    // One byte more than expected lets the end of the file be seen without growing the buffer.
    text.reserve(expected as usize + 1);
    match file.take(max_bytes + 1).read_to_string(text) {
        Ok(bytes) if max_bytes < bytes as u64 => {
            Err(Reason::TooLarge { bytes: bytes as u64, limit: max_bytes })
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Reason::NotUtf8 { at: valid_up_to(path, max_bytes)? })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a file stops being UTF-8, which is worth a second look only when it does.
fn valid_up_to(path: &Path, max_bytes: u64) -> io::Result<usize> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes).read_to_end(&mut bytes)?;
    Ok(str::from_utf8(&bytes).map_or_else(|it| it.valid_up_to(), str::len))
}

/// Whether a link to `target` finds something. A directory needs an `index.html` for that.
///
/// What cannot be looked at counts as there, for nothing says that it is missing.
pub(crate) fn is_there(root: &Path, target: &str) -> bool {
    let path = root.join(target);
    match fs::metadata(&path) {
        Ok(it) if it.is_dir() => path.join("index.html").is_file(),
        Ok(_) => true,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::InvalidFilename
                | io::ErrorKind::InvalidInput
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a file with these bytes when ten are allowed.
    fn read_bytes(bytes: &[u8]) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("page.html"), bytes).unwrap();
        read_from(dir.path())
    }

    fn read_from(dir: &Path) -> Result<String, String> {
        let found = Found { page: "page.html".into(), kind: Kind::Html };
        let mut text = "before ".to_owned();
        let read = read(dir, &found, 10, &mut text);
        let added = text.strip_prefix("before ").unwrap();
        read.map(|()| added.to_owned()).map_err(|it| {
            assert_eq!((it.path.as_str(), added), ("page.html", ""));
            it.reason.to_string()
        })
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        assert_eq!(read_bytes(b""), Ok(String::new()));
        assert_eq!(read_bytes("größer\n".as_bytes()), Ok("größer\n".to_owned()));
        assert_eq!(read_bytes(b"0123456789"), Ok("0123456789".to_owned()));
    }

    #[test]
    fn a_huge_file_is_refused() {
        let refused = Err("too large: 11 bytes where 10 are allowed".to_owned());
        assert_eq!(read_bytes(b"0123456789a"), refused);
    }

    #[test]
    fn a_file_that_is_not_utf8_is_refused() {
        assert_eq!(read_bytes(b"ok\xff\xfe"), Err("not UTF-8 from byte 2 on".to_owned()));
    }

    #[test]
    fn a_file_that_went_away_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_from(dir.path()), Err("unreadable: entity not found".to_owned()));
    }

    #[test]
    fn a_directory_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("page.html")).unwrap();
        assert_eq!(read_from(dir.path()), Err("unreadable: is a directory".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_permission_is_unreadable() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        fs::write(&path, "secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // Whoever runs the tests as root may read everything.
        let expected = if File::open(&path).is_ok() {
            Ok("secret".to_owned())
        } else {
            Err("unreadable: permission denied".to_owned())
        };
        assert_eq!(read_from(dir.path()), expected);
    }

    #[test]
    fn a_directory_is_there_if_it_has_an_index() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["with", "without"] {
            fs::create_dir(dir.path().join(path)).unwrap();
        }
        fs::write(dir.path().join("with/index.html"), "").unwrap();
        let table = [
            ("with", true),
            ("with/index.html", true),
            ("without", false),
            ("without/index.html", false),
            ("with/index.html/below", false),
            ("gone", false),
            ("nul\0byte", false),
            (&"x".repeat(300), false),
        ];
        for (target, expected) in table {
            assert_eq!(is_there(dir.path(), target), expected, "{target:?}");
        }
    }
}
