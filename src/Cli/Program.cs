using Pipeline.Cli;

return await PipelineCommand.RunAsync(args);
