//! Rules, given/when/then.
