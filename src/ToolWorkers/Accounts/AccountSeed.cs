using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Accounts;

/// <summary>
/// Fills the sample bank from a file. An explicit step, safe to repeat: rows that exist are left as they are, so that a refund is never
/// undone by a second seeding.
/// </summary>
internal sealed class AccountSeed(ToolWorkersDbContext database, IHostEnvironment environment, IOptions<AccountSeedOptions> options)
{
    private const int MaxFileBytes = 256 * 1024 * 1024;
    private const int MaxReportedProblems = 20;
    private const int RowsInOneTransaction = 500;

    /// <summary>Seeds from <see cref="AccountSeedOptions.Seed"/>.</summary>
    /// <returns>What was done, for the operator.</returns>
    /// <exception cref="InvalidDataException">The file is missing or wrong; the message lists everything.</exception>
    public async Task<string> ApplyAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Seed.Length == 0)
        {
            return "Tools:Seed is not set, nothing seeded";
        }

        var seed = await ReadAsync(Path.Combine(environment.ContentRootPath, options.Value.Seed), cancellationToken);
        var customers = await AddMissing(
            (seed.Customers ?? []).Select(x => new Customer { Id = x.Id ?? "", Name = x.Name ?? "", Email = x.Email ?? "" }),
            x => x.Id,
            cancellationToken);
        var accounts = await AddMissing((seed.Accounts ?? []).Select(ToAccount), x => x.Id, cancellationToken);
        var transactions = await AddMissing((seed.Transactions ?? []).Select(ToTransaction), x => x.Id, cancellationToken);
        return $"added {customers} customers, {accounts} accounts, {transactions} transactions from '{options.Value.Seed}'";
    }

    private static async Task<AccountSeedFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new InvalidDataException($"Tools:Seed is '{path}', which does not exist. Set Tools__Seed to the JSON file with the sample accounts, or leave it empty.");
        }

        if (file.Length > MaxFileBytes)
        {
            throw new InvalidDataException($"Tools:Seed '{path}' has {file.Length} bytes; the limit is {MaxFileBytes}. Seed less.");
        }

        AccountSeedFile? seed;
        try
        {
            await using var stream = file.OpenRead();
            seed = await JsonSerializer.DeserializeAsync<AccountSeedFile>(stream, JsonSerializerOptions.Web, cancellationToken);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Tools:Seed '{path}' is not of the documented shape: {e.Message} Correct the file.", e);
        }

        if (seed is null)
        {
            throw new InvalidDataException($"Tools:Seed '{path}' is 'null'. Write an object with customers, accounts and transactions.");
        }

        var problems = seed.Problems().ToList();
        if (problems.Count > 0)
        {
            var more = problems.Count > MaxReportedProblems ? $"{Environment.NewLine}and {problems.Count - MaxReportedProblems} more" : "";
            throw new InvalidDataException($"Tools:Seed '{path}' has problems:{Environment.NewLine}{string.Join(Environment.NewLine, problems.Take(MaxReportedProblems))}{more}");
        }

        return seed;
    }

    private async Task<int> AddMissing<T>(IEnumerable<T> rows, Func<T, string> id, CancellationToken cancellationToken)
        where T : class
    {
        var added = 0;
        foreach (var chunk in rows.Chunk(RowsInOneTransaction))
        {
            var ids = chunk.Select(id).ToList();
            var known = (await database.Set<T>().Select(x => EF.Property<string>(x, "Id")).Where(x => ids.Contains(x)).ToListAsync(cancellationToken)).ToHashSet();
            var missing = chunk.Where(x => !known.Contains(id(x))).ToList();
            database.Set<T>().AddRange(missing);
            await database.SaveChangesAsync(cancellationToken);
            database.ChangeTracker.Clear();
            added += missing.Count;
        }

        return added;
    }

    private static Account ToAccount(AccountSeedFile.AccountRow row) => new()
    {
        Id = row.Id ?? "",
        CustomerId = row.CustomerId ?? "",
        Status = row.Status ?? "",
        Currency = row.Currency ?? "",
        BalanceCents = row.BalanceCents,
    };

    private static AccountTransaction ToTransaction(AccountSeedFile.TransactionRow row) => new()
    {
        Id = row.Id ?? "",
        AccountId = row.AccountId ?? "",
        At = row.At.ToUniversalTime(),
        Merchant = row.Merchant ?? "",
        MerchantKey = (row.Merchant ?? "").ToLowerInvariant(),
        AmountCents = row.AmountCents,
        Currency = row.Currency ?? "",
        Status = row.Status ?? "",
    };
}
