namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>A small bank: an active, a closed and an empty account.</summary>
internal static class SampleAccounts
{
    public const string Json = """
        {
          "customers": [
            { "id": "cus_1", "name": "Ada Example", "email": "ada@example.com" },
            { "id": "cus_2", "name": "Bob Example", "email": "bob@example.com" }
          ],
          "accounts": [
            { "id": "acc_1", "customerId": "cus_1", "status": "active", "currency": "EUR", "balanceCents": 100000 },
            { "id": "acc_2", "customerId": "cus_2", "status": "closed", "currency": "EUR", "balanceCents": 0 }
          ],
          "transactions": [
            { "id": "txn_1", "accountId": "acc_1", "at": "2026-11-01T10:00:00Z", "merchant": "Coffee Corner", "amountCents": 450, "currency": "EUR", "status": "settled" },
            { "id": "txn_2", "accountId": "acc_1", "at": "2026-11-02T23:59:59+02:00", "merchant": "Book Barn", "amountCents": 2999, "currency": "EUR", "status": "settled" },
            { "id": "txn_3", "accountId": "acc_1", "at": "2026-11-03T00:00:00Z", "merchant": "coffee corner", "amountCents": 500, "currency": "EUR", "status": "pending" },
            { "id": "txn_4", "accountId": "acc_2", "at": "2026-11-01T10:00:00Z", "merchant": "Coffee Corner", "amountCents": 450, "currency": "EUR", "status": "settled" },
            { "id": "txn_5", "accountId": "acc_1", "at": "2026-10-01T10:00:00Z", "merchant": "Train", "amountCents": 1000, "currency": "EUR", "status": "settled" },
            { "id": "txn_6", "accountId": "acc_1", "at": "2026-10-01T10:00:01Z", "merchant": "Train", "amountCents": 1100, "currency": "EUR", "status": "settled" },
            { "id": "txn_7", "accountId": "acc_1", "at": "2026-10-01T10:00:02Z", "merchant": "Train", "amountCents": 1200, "currency": "EUR", "status": "settled" },
            { "id": "txn_8", "accountId": "acc_1", "at": "2026-10-01T10:00:03Z", "merchant": "Train", "amountCents": 1300, "currency": "EUR", "status": "settled" }
          ]
        }
        """;
}
