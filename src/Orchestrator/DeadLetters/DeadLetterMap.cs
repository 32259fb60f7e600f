using Microsoft.EntityFrameworkCore;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>The tables of this slice, and the lengths that what is read is cut to.</summary>
internal static class DeadLetterMap
{
    public const int LongestName = 200;
    public const int LongestReason = 4000;

    public static void AddDeadLetters(this ModelBuilder model)
    {
        model.Entity<DeadLetter>(letter =>
        {
            letter.ToTable("dead_letters");
            letter.HasKey(x => x.Id);
            letter.Property(x => x.Fingerprint).HasMaxLength(32);
            letter.Property(x => x.SourceQueue).HasMaxLength(LongestName);
            letter.Property(x => x.Queue).HasMaxLength(LongestName);
            letter.Property(x => x.Code).HasMaxLength(LongestName);
            letter.Property(x => x.ExceptionGroup).HasMaxLength(LongestName);
            letter.Property(x => x.Reason).HasMaxLength(LongestReason);
            letter.Property(x => x.Agent).HasMaxLength(64);
            letter.Property(x => x.Tenant).HasMaxLength(64);
            letter.Property(x => x.MessageId).HasMaxLength(LongestName);
            letter.Property(x => x.ContentType).HasMaxLength(LongestName);
            letter.Property(x => x.Status).HasMaxLength(16);
            letter.Property(x => x.ResolvedBy).HasMaxLength(LongestName);
            letter.Property(x => x.ResolvedReason).HasMaxLength(LongestName);
            letter.Property(x => x.ReplacedBy).HasMaxLength(LongestName);
            letter.HasIndex(x => x.Fingerprint).IsUnique();
            letter.HasIndex(x => new { x.Status, x.Id });
            letter.HasIndex(x => new { x.Tenant, x.Id });
            letter.HasIndex(x => x.CollectedAt);
        });
        model.Entity<DeadLetterReplay>(replay =>
        {
            replay.ToTable("dead_letter_replays");
            replay.HasKey(x => x.Id);
            replay.Property(x => x.Id).ValueGeneratedNever();
            replay.Property(x => x.Filter).HasMaxLength(LongestReason);
            replay.Property(x => x.State).HasMaxLength(16);
            replay.Property(x => x.RequestedBy).HasMaxLength(LongestName);
            replay.Property(x => x.Reason).HasMaxLength(LongestName);
            replay.Property(x => x.LastError).HasMaxLength(LongestReason);
            replay.HasIndex(x => x.State);
        });
    }
}
