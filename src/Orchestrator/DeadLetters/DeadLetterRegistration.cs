namespace Pipeline.Orchestrator.DeadLetters;

internal static class DeadLetterRegistration
{
    public static void AddDeadLetters(this IServiceCollection services)
    {
        services.AddOptions<DeadLetterOptions>().BindConfiguration(DeadLetterOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<DeadLetterMetrics>();
        services.AddSingleton<DeadLetterStore>();
        services.AddSingleton<DeadLetterSender>();
        services.AddScoped<DeadLetterQueries>();
        services.AddScoped<DeadLetterDesk>();
        services.AddHostedService<DeadLetterCollector>();
        services.AddHostedService<DeadLetterReplays>();
        services.AddSingleton<DeadLetterRetention>();
        services.AddHostedService(x => x.GetRequiredService<DeadLetterRetention>());
    }
}
