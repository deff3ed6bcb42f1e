//! Cuts text into words, and says which of them are terms worth an index.

/// Terms have this many letters and digits at least.
const MIN_CHARS: usize = 3;
/// Words that take more bytes are counted but are no terms: hashes, encoded bytes, mangled names.
const MAX_BYTES: usize = 40;

/// Words so common that they say nothing about a page. Sorted.
const STOP_WORDS: [&str; 64] = [
    "about", "after", "all", "also", "and", "any", "are", "been", "before", "being", "both", "but",
    "can", "could", "does", "each", "for", "from", "had", "has", "have", "her", "his", "how",
    "into", "its", "may", "more", "most", "not", "now", "one", "only", "other", "our", "out",
    "over", "same", "she", "should", "some", "such", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "use", "was", "were", "what", "when",
    "which", "will", "with", "would", "you", "your",
];

/// Asked when terms are ranked, which is far less often than once per word.
pub(super) fn is_stop_word(term: &str) -> bool {
    STOP_WORDS.binary_search(&term).is_ok()
}

/// Counts the words of `text` and hands each term, in lower case, to `on_term`.
///
/// A word is a run of letters and digits. A term is a word that begins with a letter and is
/// neither very short nor very long.
pub(super) fn each_term(text: &str, mut on_term: impl FnMut(&[u8])) -> u64 {
    let bytes = text.as_bytes();
    let mut n_words = 0;
    let mut buffer = [0; BUFFER];
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|&it| CLASS[usize::from(it)] == SEPARATOR) {
            at += 1;
        }
        // Nearly every word ends in this loop. Its state is in local variables, which made it a
        // fifth faster than a struct.
        let mut len = 0;
        let mut class = SEPARATOR;
        while let Some(&byte) = bytes.get(at) {
            class = CLASS[usize::from(byte)];
            if class == SEPARATOR || class == NOT_ASCII {
                break;
            }
            buffer[len % BUFFER] = class;
            len += 1;
            at += 1;
        }
        let mut n_chars = len;
        if class == NOT_ASCII {
            let rest = read_rest(&text[at..], &mut buffer, len);
            at += rest.n_read;
            n_chars += rest.n_chars;
            len = rest.len;
        }
        if n_chars == 0 && at == bytes.len() {
            return n_words;
        }
        n_words += u64::from(0 < n_chars);
        if MIN_CHARS <= n_chars && len <= MAX_BYTES && !buffer[0].is_ascii_digit() {
            on_term(&buffer[..len]);
        }
    }
}

/// Room for the longest term and a character more; a power of two, so that an index is masked.
const BUFFER: usize = 64;

const SEPARATOR: u8 = 0;
const NOT_ASCII: u8 = 0xff;

/// For each byte its lower case, or that it is none of a plain word.
const CLASS: [u8; 256] = {
    let mut class = [NOT_ASCII; 256];
    let mut byte: u8 = 0;
    while byte.is_ascii() {
        let is_in_word = byte.is_ascii_alphanumeric();
        class[byte as usize] = if is_in_word { byte.to_ascii_lowercase() } else { SEPARATOR };
        byte += 1;
    }
    class
};

/// What [`read_rest`] found.
struct Rest {
    n_read: usize,
    n_chars: usize,
    /// The bytes of the whole word, though `buffer` holds no more than fit.
    len: usize,
}

/// Reads on from a word's first character that is not ASCII, to the word's end and what ends it.
#[cold]
fn read_rest(text: &str, buffer: &mut [u8; BUFFER], mut len: usize) -> Rest {
    let mut n_chars = 0;
    for (at, it) in text.char_indices() {
        if !it.is_alphanumeric() {
            return Rest { n_read: at + it.len_utf8(), n_chars, len };
        }
        n_chars += 1;
        for lower in it.to_lowercase() {
            if len < MAX_BYTES {
                lower.encode_utf8(&mut buffer[len..]);
            }
            len += lower.len_utf8();
        }
    }
    Rest { n_read: text.len(), n_chars, len }
}

#[cfg(test)]
mod tests {
    use super::{STOP_WORDS, each_term, is_stop_word};

    #[track_caller]
    fn check(text: &str, n_words: u64, terms: &[&str]) {
        let mut found = Vec::new();
        let counted = each_term(text, |it| found.push(String::from_utf8(it.to_vec()).unwrap()));
        assert_eq!(
            (counted, found.iter().map(String::as_str).collect()),
            (n_words, terms.to_vec())
        );
    }

    #[test]
    fn a_word_is_a_run_of_letters_and_digits() {
        check("", 0, &[]);
        check(" \n\t-", 0, &[]);
        check("one two", 2, &["one", "two"]);
        check("  vec::Vec<u8>, Box_dyn ", 5, &["vec", "vec", "box", "dyn"]);
        check("it's", 2, &[]);
    }

    #[test]
    fn terms_are_in_lower_case() {
        check("HashMap ÄPFEL Straße ΣΟΦΟΣ", 4, &["hashmap", "äpfel", "straße", "σοφοσ"]);
    }

    #[test]
    fn a_word_of_two_characters_is_no_term() {
        check("of né ab1", 3, &["ab1"]);
    }

    #[test]
    fn a_word_that_begins_with_a_digit_is_no_term() {
        check("1024 0xff utf8", 3, &["utf8"]);
    }

    #[test]
    fn a_word_longer_than_forty_bytes_is_no_term() {
        check(&"a".repeat(40), 1, &[&"a".repeat(40)]);
        check(&"a".repeat(41), 1, &[]);
        check(&"a".repeat(1_000_000), 1, &[]);
        check(&"é".repeat(20), 1, &[&"é".repeat(20)]);
        check(&"é".repeat(21), 1, &[]);
        check(&format!("{}é", "a".repeat(70)), 1, &[]);
    }

    #[test]
    fn what_is_not_ascii_may_separate_or_belong() {
        check("rock—paper", 2, &["rock", "paper"]);
        check("—", 0, &[]);
        check("naïve", 1, &["naïve"]);
        check("日本語 テキスト", 2, &["日本語", "テキスト"]);
        check("end…", 1, &["end"]);
    }

    #[test]
    fn stop_words_are_sorted_and_found() {
        assert!(STOP_WORDS.is_sorted());
        assert!(is_stop_word("the") && is_stop_word("about") && !is_stop_word("trait"));
    }
}
