using Microsoft.EntityFrameworkCore;

namespace Pipeline.Orchestrator.Access;

/// <summary>The table of this slice.</summary>
internal static class ApiKeyMap
{
    public const int LongestName = 100;

    public static void AddApiKeys(this ModelBuilder model) => model.Entity<ApiKey>(key =>
    {
        key.ToTable("api_keys");
        key.HasKey(x => x.Id);
        key.Property(x => x.Id).ValueGeneratedNever();
        key.Property(x => x.Name).HasMaxLength(LongestName);
        key.Property(x => x.Tenant).HasMaxLength(64);
        key.Property(x => x.Hash).HasMaxLength(32);
        key.HasIndex(x => x.Hash).IsUnique();
    });
}
