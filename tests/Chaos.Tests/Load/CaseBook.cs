using System.Globalization;
using System.Text.Json;

namespace Pipeline.Chaos.Tests.Load;

/// <summary>
/// Generated disputes: each has a customer, an account and a charge that was made twice of its own, so that each invocation must issue
/// exactly one refund and no two of them touch the same rows.
/// </summary>
internal sealed class CaseBook(int count)
{
    public const string Tenant = "chaos";
    public const string Agent = "dispute-resolver";

    private const string KeyPrefix = "case-";

    public int Count { get; } = count;

    public static string KeyOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{KeyPrefix}{number}");

    public static int? NumberOf(string? key) =>
        key is not null && key.StartsWith(KeyPrefix, StringComparison.Ordinal) && int.TryParse(key.AsSpan(KeyPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static long AmountOf(int number) => 100 + (number % 9_000);

    /// <summary>The case whose transaction it is.</summary>
    public static int? NumberOfTransaction(string transaction) =>
        transaction.Split('_') is [_, var digits] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? (int)((id - FirstId) / 2) : null;

    /// <summary>The submission as an upstream system writes it.</summary>
    public static byte[] BodyOf(int number) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        tenant = Tenant,
        agent = Agent,
        input = new { customerId = string.Create(CultureInfo.InvariantCulture, $"cus_{FirstId + number}"), claim = "duplicate_charge", merchant = "Atlas Luggage" },
        idempotencyKey = KeyOf(number),
        // Some callers choose the id, most leave it to the pipeline: both ways through the gate.
        invocationId = number % 3 == 0 ? new Guid(number, 0, 0, [0x80, 0xca, 0x5e, 0, 0, 0, 0, 1]) : (Guid?)null,
        metadata = new Dictionary<string, string> { ["case"] = KeyOf(number) },
    });

    /// <summary>Writes the accounts behind the tools.</summary>
    public async Task WriteSeedAsync(string path, CancellationToken cancellationToken)
    {
        var at = new DateTimeOffset(2026, 11, 1, 9, 0, 0, TimeSpan.Zero);
        var numbers = Enumerable.Range(0, Count);
        await using var file = File.Create(path);
        await JsonSerializer.SerializeAsync(file, new
        {
            customers = numbers.Select(x => new { id = $"cus_{FirstId + x}", name = "Customer", email = "customer@example.com" }),
            accounts = numbers.Select(x => new { id = $"acc_{FirstId + x}", customerId = $"cus_{FirstId + x}", status = "active", currency = "EUR", balanceCents = 100_000 }),
            transactions = numbers.SelectMany(x => Enumerable.Range(0, 2).Select(y => new
            {
                id = $"txn_{FirstId + (2L * x) + y}",
                accountId = $"acc_{FirstId + x}",
                at = at.AddMinutes(y),
                merchant = "Atlas Luggage",
                amountCents = AmountOf(x),
                currency = "EUR",
                status = "settled",
            })),
        }, cancellationToken: cancellationToken);
    }

    private const long FirstId = 1_000_000;
}
