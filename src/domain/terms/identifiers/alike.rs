//! Two values beside each other, without a keyed hash: whether they are one number or address.

use std::cell::OnceCell;

use super::Identifier;
use super::clean::folded;
use super::forms::Forms;

/// A value that is compared with others. Its forms are made once, and only where the plain text does not decide.
pub(in crate::domain) struct Alike {
    identifier: Identifier,
    text: String,
    forms: OnceCell<Forms>,
}

impl Alike {
    /// A value, to be compared.
    pub(in crate::domain) fn of(identifier: Identifier) -> Self {
        Self { text: folded(identifier.value()), identifier, forms: OnceCell::new() }
    }

    fn forms(&self) -> &Forms {
        self.forms.get_or_init(|| self.identifier.forms())
    }

    /// Whether both are plainly one. In doubt they are two.
    pub(in crate::domain) fn is(&self, other: &Self) -> bool {
        self.text == other.text || !self.forms().exact.is_disjoint(&other.forms().exact)
    }

    /// Whether both may be one. In doubt they are.
    pub(in crate::domain) fn may_be(&self, other: &Self) -> bool {
        let (one, two) = (self.forms(), other.forms());
        self.is(other) || !one.declared.is_disjoint(&two.broad) || !two.declared.is_disjoint(&one.broad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::identifiers::IdentifierKind::{Email, Phone};

    #[test]
    fn one_number_in_two_spellings_is_one_and_in_doubt_it_may_be() {
        let number = |text: &str, country: Option<&str>| Alike::of(Identifier::new(Phone, text).in_country(country));
        let known = number("+44 7700 900456", None);
        for same in ["+447700900456", "0044 7700 900456", "\u{202b}+44 7700 900456\u{202c}", "+٤٤٧٧٠٠٩٠٠٤٥٦"]
        {
            assert!(known.is(&number(same, None)) && known.may_be(&number(same, None)), "{same}");
        }
        assert!(known.is(&number("07700 900456", Some("GB"))));
        // Of whatever country: two, and yet perhaps one.
        let without = number("07700 900456", None);
        assert!(!known.is(&without) && known.may_be(&without) && without.may_be(&known));
        assert!(without.is(&number("07700 900 456", None)) || without.may_be(&number("07700 900 456", None)));
        let other = number("+44 7700 900457", None);
        assert!(!known.is(&other) && !known.may_be(&other));
        let address = |text: &str| Alike::of(Identifier::new(Email, text));
        assert!(address("Ann@Example.org").is(&address("ann@example.org")));
        assert!(!address("ann@example.org").may_be(&address("bea@example.org")));
    }
}
