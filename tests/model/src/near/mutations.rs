//! What happens when one rule of the near cache is left out.

use super::worlds;

mutations! {
    caught {
        /// An answer is installed, no matter what was heard since its read was sent.
        InstalledAlways, installed_always by worlds::callers_writer_and_a_ping;
        /// The answer that switches tracking on changes nothing.
        QuietTracking, quiet_tracking by worlds::callers_writer_a_break_and_a_ping;
        /// A pong proves what was acknowledged when it arrived.
        ProofAtPong, proof_at_pong by worlds::callers_writer_and_a_ping;
        /// A write is acknowledged before its change is on the line: a pong may overtake it.
        AcknowledgedBeforePush, acknowledged_before_push by worlds::callers_writer_and_a_ping;
        /// An invalidation keeps the tag's record in the store.
        RecordKept, record_kept by worlds::callers_and_a_writer;
        /// A fill does not compare the version that came with a near copy: what is late within the bound is late for ever.
        SeenVersionUnchecked, seen_version_unchecked by worlds::nested;
    }
    harmless {
        /// A break is not noticed until tracking is on again. The proof grows old all the same, and there is no new one.
        TrustedWhileBroken, trusted_while_broken;
    }
}
