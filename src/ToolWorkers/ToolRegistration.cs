using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Mcp;
using Pipeline.ToolWorkers.Secrets;

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

    /// <summary>What HTTP tools and MCP servers share; the tools themselves are declared in manifests.</summary>
    internal static IServiceCollection AddDeclaredTools(this IServiceCollection services) => services
        .AddSingleton(x => new ToolSecrets(x.GetRequiredService<IOptions<ToolsOptions>>().Value, x.GetRequiredService<IHostEnvironment>().ContentRootPath))
        .AddSingleton(x => new AddressGuard(x.GetRequiredService<IOptions<ToolsOptions>>().Value))
        .AddSingleton<GuardedHttpClient>()
        .AddSingleton<McpServers>()
        .AddSingleton<DeclaredTools>();
}
