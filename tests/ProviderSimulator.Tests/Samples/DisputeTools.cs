using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.ProviderSimulator.Tests.Samples;

/// <summary>The three tools of the sample over its seed data, in memory. One per case.</summary>
internal sealed class DisputeTools(JsonElement data)
{
    private readonly Dictionary<string, int> _refunded = new(StringComparer.Ordinal);

    /// <summary>Refunds that were issued, in order.</summary>
    public List<(string TransactionId, int AmountCents)> Refunds { get; } = [];

    /// <summary>The result as the model sees it; errors of the pipeline have the pipeline's codes.</summary>
    public string Call(string tool, string arguments)
    {
        JsonObject? read;
        try
        {
            read = JsonNode.Parse(arguments) as JsonObject;
        }
        catch (JsonException)
        {
            read = null;
        }

        return tool switch
        {
            _ when tool is not ("get_account_status" or "list_transactions" or "issue_refund") => Error("tool_unknown", $"there is no tool '{tool}'"),
            _ when read is null => Error("arguments_invalid", "the arguments are not a JSON object"),
            "get_account_status" => AccountStatus(Text(read, "customerId"), Text(read, "accountId")),
            "list_transactions" => Transactions(read),
            _ => Refund(read),
        };
    }

    private string AccountStatus(string? customerId, string? accountId)
    {
        if (customerId is null == accountId is null)
        {
            return Error("arguments_invalid", "give customerId or accountId");
        }

        JsonElement account = Rows("accounts").FirstOrDefault(a => Is(a, "id", accountId) || Is(a, "customerId", customerId));
        if (account.ValueKind == JsonValueKind.Undefined)
        {
            return Error("account_not_found", "no such account");
        }

        string customer = account.GetProperty("customerId").GetString()!;
        return new JsonObject
        {
            ["accountId"] = account.GetProperty("id").GetString(),
            ["customerId"] = customer,
            ["name"] = Rows("customers").Single(c => Is(c, "id", customer)).GetProperty("name").GetString(),
            ["status"] = account.GetProperty("status").GetString(),
            ["currency"] = account.GetProperty("currency").GetString(),
            ["balanceCents"] = account.GetProperty("balanceCents").GetInt32(),
        }.ToJsonString();
    }

    private string Transactions(JsonObject arguments)
    {
        if (Text(arguments, "accountId") is not { } accountId || (arguments["limit"] is { } given && (int)given is < 1 or > 100))
        {
            return Error("arguments_invalid", "accountId is missing or limit is not from 1 to 100");
        }

        string? merchant = Text(arguments, "merchant");
        IEnumerable<JsonNode> rows = Rows("transactions")
            .Where(t => Is(t, "accountId", accountId) && (merchant is null || Is(t, "merchant", merchant)))
            .OrderByDescending(t => t.GetProperty("at").GetDateTimeOffset())
            .Take(arguments["limit"] is { } limit ? (int)limit : 100)
            .Select(t => (JsonNode)new JsonObject
            {
                ["id"] = t.GetProperty("id").GetString(),
                ["at"] = t.GetProperty("at").GetString(),
                ["merchant"] = t.GetProperty("merchant").GetString(),
                ["amountCents"] = t.GetProperty("amountCents").GetInt32(),
                ["currency"] = t.GetProperty("currency").GetString(),
                ["status"] = t.GetProperty("status").GetString(),
                ["refundedCents"] = _refunded.GetValueOrDefault(t.GetProperty("id").GetString()!),
            });
        return new JsonObject { ["transactions"] = new JsonArray([.. rows]) }.ToJsonString();
    }

    private string Refund(JsonObject arguments)
    {
        if (Text(arguments, "transactionId") is not { } id || Text(arguments, "reason") is null
            || arguments["amountCents"] is not { } given || given.GetValueKind() != JsonValueKind.Number || (int)given < 1)
        {
            return Error("arguments_invalid", "transactionId, amountCents (a whole number from 1) and reason are needed");
        }

        int amount = (int)given;
        JsonElement transaction = Rows("transactions").FirstOrDefault(t => Is(t, "id", id));
        if (transaction.ValueKind == JsonValueKind.Undefined)
        {
            return Error("transaction_not_found", "no such transaction");
        }

        int charged = transaction.GetProperty("amountCents").GetInt32();
        string accountId = transaction.GetProperty("accountId").GetString()!;
        (string Code, string Message)? refusal =
            Is(Rows("accounts").Single(a => Is(a, "id", accountId)), "status", "closed") ? ("account_closed", "the account is closed")
            : Is(transaction, "status", "pending") ? ("transaction_pending", "the transaction has not settled")
            : _refunded.ContainsKey(id) ? ("already_refunded", "it was refunded before")
            : amount > charged ? ("amount_exceeds_transaction", "more than was charged") : null;
        if (refusal is { } no)
        {
            return Error(no.Code, no.Message);
        }

        _refunded[id] = amount;
        Refunds.Add((id, amount));
        return new JsonObject { ["refundId"] = $"ref_{id}", ["transactionId"] = id, ["amountCents"] = amount, ["status"] = "issued" }.ToJsonString();
    }

    private JsonElement.ArrayEnumerator Rows(string name) => data.GetProperty(name).EnumerateArray();

    private static bool Is(JsonElement row, string member, string? value) =>
        value is not null && string.Equals(row.GetProperty(member).GetString(), value, StringComparison.OrdinalIgnoreCase);

    private static string? Text(JsonObject arguments, string name) => arguments[name] is { } node && node.GetValueKind() == JsonValueKind.String ? (string?)node : null;

    private static string Error(string code, string message) => new JsonObject { ["error"] = code, ["message"] = message }.ToJsonString();
}
