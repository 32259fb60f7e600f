namespace Pipeline.ToolWorkers;

/// <summary>Registers the implementations of tools. To add a tool: copy a folder under <c>Tools</c>, add a line here, add its manifest.</summary>
public static class ToolRegistration
{
    public static IServiceCollection AddTool<TTool>(this IServiceCollection services)
        where TTool : class, ITool =>
        services.AddScoped<TTool>().AddSingleton(new ToolImplementation(typeof(TTool)));

    internal static IServiceCollection AddSampleTools(this IServiceCollection services) => services
        .AddTool<Tools.GetAccountStatus.GetAccountStatusTool>()
        .AddTool<Tools.ListTransactions.ListTransactionsTool>()
        .AddTool<Tools.IssueRefund.IssueRefundTool>();
}
