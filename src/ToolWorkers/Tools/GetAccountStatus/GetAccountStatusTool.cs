using Microsoft.EntityFrameworkCore;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Tools.GetAccountStatus;

/// <summary>Looks up an account by its id or its customer's.</summary>
internal sealed class GetAccountStatusTool(ToolWorkersDbContext database) : ITool
{
    public string Name => "get_account_status";

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var arguments = call.ReadArguments<GetAccountStatusArguments>();
        var found = await (
            from account in database.Accounts.AsNoTracking()
            join customer in database.Customers on account.CustomerId equals customer.Id
            where (arguments.AccountId == null || account.Id == arguments.AccountId) && (arguments.CustomerId == null || customer.Id == arguments.CustomerId)
            orderby account.Id
            select new { accountId = account.Id, customerId = customer.Id, name = customer.Name, status = account.Status, currency = account.Currency, balanceCents = account.BalanceCents })
            .FirstOrDefaultAsync(cancellationToken);
        return found is null ? NotFound(arguments) : ToolOutput.Json(found);
    }

    private static ToolOutput NotFound(GetAccountStatusArguments arguments)
    {
        string?[] asked =
        [
            arguments.AccountId is null ? null : $"the account id '{arguments.AccountId}'",
            arguments.CustomerId is null ? null : $"the customer id '{arguments.CustomerId}'",
        ];
        return ToolOutput.Refused("account_not_found", $"No account has {string.Join(" and ", asked.OfType<string>())}. Check the id with the customer.");
    }
}
