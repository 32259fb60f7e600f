using Pipeline.Benchmarks;

return await BenchmarkCommand.Create(args).Parse(args).InvokeAsync();
