namespace Pipeline.Orchestrator.Access;

/// <summary>A key of the HTTP API as it is stored: who it speaks for, and the hash by which it is found. The key itself is stored nowhere.</summary>
public sealed class ApiKey
{
    public Guid Id { get; set; }

    /// <summary>For people: whose key it is, what uses it.</summary>
    public string Name { get; set; } = null!;

    /// <summary>The tenant it is bound to; null for an operator's key.</summary>
    public string? Tenant { get; set; }

    public bool IsOperator { get; set; }

    /// <summary>SHA-256 of the key. Without salt: a key has 256 random bits, so there is nothing to guess.</summary>
    public byte[] Hash { get; set; } = null!;

    /// <summary>UTC.</summary>
    public DateTime CreatedAt { get; set; }

    /// <summary>UTC; null while the key is good.</summary>
    public DateTime? RevokedAt { get; set; }
}
