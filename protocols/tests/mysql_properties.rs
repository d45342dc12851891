//! What must hold for every `MySQL` conversation.

use proptest::collection::vec;
use proptest::prelude::*;

use underspan_protocols::fuzzing;
use underspan_protocols::mysql::MySql;

proptest! {
    #[test]
    fn arbitrary_programs_keep_the_books(data in vec(any::<u8>(), 0..400)) {
        fuzzing::decoder(&MySql, &data);
    }
}
