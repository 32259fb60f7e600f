namespace Pipeline.ToolWorkers.Accounts;

/// <summary>The seed file's content.</summary>
internal sealed record AccountSeedFile(
    IReadOnlyList<AccountSeedFile.CustomerRow>? Customers,
    IReadOnlyList<AccountSeedFile.AccountRow>? Accounts,
    IReadOnlyList<AccountSeedFile.TransactionRow>? Transactions)
{
    internal sealed record CustomerRow(string? Id, string? Name, string? Email);

    internal sealed record AccountRow(string? Id, string? CustomerId, string? Status, string? Currency, long BalanceCents);

    internal sealed record TransactionRow(string? Id, string? AccountId, DateTimeOffset At, string? Merchant, long AmountCents, string? Currency, string? Status);

    /// <summary>Everything that is wrong with the file, each with its path and the way out.</summary>
    public IEnumerable<string> Problems()
    {
        var customers = (Customers ?? []).Select(x => x.Id ?? "").ToHashSet();
        var accounts = (Accounts ?? []).Select(x => x.Id ?? "").ToHashSet();
        foreach (var problem in Duplicates("customers", Customers?.Select(x => x.Id))
            .Concat(Duplicates("accounts", Accounts?.Select(x => x.Id)))
            .Concat(Duplicates("transactions", Transactions?.Select(x => x.Id))))
        {
            yield return problem;
        }

        foreach (var (row, at) in Rows("customers", Customers))
        {
            if (IsBad(row.Id, 64) || IsBad(row.Name, 200) || IsBad(row.Email, 320))
            {
                yield return $"{at}: id, name or email is missing or too long (64, 200, 320 characters). Correct it.";
            }
        }

        foreach (var (row, at) in Rows("accounts", Accounts))
        {
            if (IsBad(row.Id, 64) || row.Currency is not { Length: 3 })
            {
                yield return $"{at}: id is missing or longer than 64 characters, or currency is not a code of three letters. Correct it.";
            }

            if (row.Status is not ("active" or "frozen" or "closed"))
            {
                yield return $"{at}.status: is '{row.Status}'. Write active, frozen or closed.";
            }

            if (!customers.Contains(row.CustomerId ?? ""))
            {
                yield return $"{at}.customerId: is '{row.CustomerId}', which is not among the customers. Add the customer, or correct the id.";
            }
        }

        foreach (var (row, at) in Rows("transactions", Transactions))
        {
            if (IsBad(row.Id, 64) || IsBad(row.Merchant, 200) || row.Currency is not { Length: 3 } || row.AmountCents < 1)
            {
                yield return $"{at}: id or merchant is missing or too long, currency is not a code of three letters, or amountCents is below 1. Correct it.";
            }

            if (row.Status is not ("settled" or "pending"))
            {
                yield return $"{at}.status: is '{row.Status}'. Write settled or pending.";
            }

            if (!accounts.Contains(row.AccountId ?? ""))
            {
                yield return $"{at}.accountId: is '{row.AccountId}', which is not among the accounts. Add the account, or correct the id.";
            }
        }
    }

    private static IEnumerable<string> Duplicates(string list, IEnumerable<string?>? ids) =>
        (ids ?? []).GroupBy(x => x).Where(x => x.Count() > 1).Select(x => $"$.{list}: the id '{x.Key}' is used {x.Count()} times. Give each row its own.");

    private static IEnumerable<(T Row, string At)> Rows<T>(string list, IReadOnlyList<T>? rows) => (rows ?? []).Select((row, index) => (row, $"$.{list}[{index}]"));

    private static bool IsBad(string? text, int maxLength) => string.IsNullOrWhiteSpace(text) || text.Length > maxLength;
}
