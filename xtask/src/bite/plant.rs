//! Putting faults into source text, each beside what it takes the place of.

use super::faults::Fault;

/// What stands in a fault for the question whether it is on.
pub(crate) const FAULT: &str = "FAULT";

/// `text` with all these faults in it, none of them on.
///
/// # Errors
/// If the place of a fault is not there, or there twice, or two of them share one.
pub(crate) fn plant(text: &str, faults: &[&Fault]) -> Result<String, String> {
    let mut places = Vec::new();
    for fault in faults {
        let found: Vec<_> = text.match_indices(fault.find).map(|it| it.0).collect();
        let [at] = found[..] else {
            return Err(format!("{}: its text is there {} times", fault.name, found.len()));
        };
        places.push((at, *fault));
    }
    places.sort_by_key(|it| it.0);
    let mut planted = String::new();
    let mut rest = 0;
    for (at, fault) in places {
        let Some(before) = text.get(rest..at) else {
            return Err(format!("{}: it begins within another fault", fault.name));
        };
        planted.push_str(before);
        planted.push_str(&fault.plant.replace(FAULT, &question(fault)));
        rest = at + fault.find.len();
    }
    planted.push_str(&text[rest..]);
    Ok(planted)
}

fn question(fault: &Fault) -> String {
    format!("crate::planted::is(\"{}\")", fault.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn fault(name: &'static str, find: &'static str, plant: &'static str) -> Fault {
        Fault { name, says: "", file: "", find, plant }
    }

    #[test]
    fn faults_stand_side_by_side_and_ask_whether_they_are_on() {
        let (one, other) = (fault("one", "a < b", "a < b || FAULT"), fault("other", "c", "!FAULT"));
        assert_eq!(
            plant("if c && a < b {}", &[&one, &other]).unwrap(),
            "if !crate::planted::is(\"other\") && a < b || crate::planted::is(\"one\") {}"
        );
    }

    #[test]
    fn a_place_that_is_gone_doubled_or_shared_is_an_error() {
        let it = fault("it", "b", "");
        assert!(plant("ac", &[&it]).unwrap_err().contains("0 times"));
        assert!(plant("bb", &[&it]).unwrap_err().contains("2 times"));
        assert!(plant("abc", &[&it, &fault("around", "abc", "")]).unwrap_err().contains("within"));
    }
}
